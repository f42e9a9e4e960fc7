using TlsGateway.Actors;

namespace TlsGateway.Actors.Tests.Sessions;

public sealed class CloseReasonFaultsTests
{
    [Fact]
    public void Every_reason_has_a_fault()
    {
        foreach (var reason in Enum.GetValues<CloseReason>())
            Assert.True(Enum.IsDefined(CloseReasonFaults.FaultOf(reason)), reason.ToString());
    }

    [Theory]
    [InlineData(CloseReason.Completed, Fault.None)]
    [InlineData(CloseReason.NoCommonVersion, Fault.Client)]
    [InlineData(CloseReason.UpstreamReset, Fault.Upstream)]
    [InlineData(CloseReason.InternalError, Fault.Self)]
    public void The_fault_is_whose_doing_it_was(CloseReason reason, Fault fault) => Assert.Equal(fault, CloseReasonFaults.FaultOf(reason));

    [Fact]
    public void A_value_that_is_no_reason_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CloseReasonFaults.FaultOf((CloseReason)(-1)));
}
