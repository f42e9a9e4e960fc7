using Microsoft.Extensions.Logging;
using TlsGateway.Gateway.Logging;

namespace TlsGateway.Gateway.Tests.Logging;

public sealed class LogLevelSwitchTests
{
    [Theory]
    [InlineData("TlsGateway.X", LogLevel.Information, LogLevel.Information, true)]
    [InlineData("TlsGateway.X", LogLevel.Information, LogLevel.Debug, false)]
    [InlineData("TlsGateway.X", LogLevel.None, LogLevel.Critical, false)]
    [InlineData("Microsoft.AspNetCore.X", LogLevel.Debug, LogLevel.Information, false)]
    [InlineData("Akka.Actor.ActorSystem", LogLevel.Information, LogLevel.Warning, true)]
    [InlineData("Akka.Actor.ActorSystem", LogLevel.Error, LogLevel.Warning, false)]
    [InlineData("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Information, LogLevel.Error, false)]
    [InlineData("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Trace, LogLevel.Trace, true)]
    public void Libraries_are_quieter_than_the_gateway(string category, LogLevel least, LogLevel level, bool isLogged)
    {
        LogLevelSwitch levels = new(LogLevel.Critical) { Level = least };

        Assert.Equal(isLogged, levels.IsEnabled(category, level));
    }
}
