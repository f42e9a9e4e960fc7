using Xunit.Sdk;
using Xunit.v3;

// Live sessions and allocated bytes are counted per process and per thread: one test at a time.
[assembly: Parallelization(Mode = ParallelMode.None)]
