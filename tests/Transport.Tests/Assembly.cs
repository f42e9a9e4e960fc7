// Tests count the process's descriptors and lower its limit for a moment: they must not run beside one another.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
