// Descriptors, sessions and buffers of the whole process are counted before and after each test.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
