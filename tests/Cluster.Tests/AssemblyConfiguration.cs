// One bridge, one network, two cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
