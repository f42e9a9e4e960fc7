namespace TlsGateway.LiveView.Charts;

/// <summary>One line or layer of a chart.</summary>
/// <param name="Name">In the legend.</param>
/// <param name="Class">The class that colours it.</param>
/// <param name="Values">One per sample, 0 or more, oldest first.</param>
public sealed record ChartSeries(string Name, string Class, IReadOnlyList<double> Values);
