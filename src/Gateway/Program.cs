using TlsGateway.Gateway.Commands;

return await GatewayCommands.InvokeAsync(args, Console.Out, Console.Error).ConfigureAwait(false);
