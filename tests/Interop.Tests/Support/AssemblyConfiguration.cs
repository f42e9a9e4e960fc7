// Descriptors, sessions and buffers of the whole process are counted before and after each test.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
