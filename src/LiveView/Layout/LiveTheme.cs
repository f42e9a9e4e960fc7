using MudBlazor;

namespace TlsGateway.LiveView.Layout;

/// <summary>Colours and letters. No font is loaded: the page asks nothing of other hosts. Contrasts are those of WCAG 2.1 AA, which the tests check.</summary>
internal static class LiveTheme
{
    private static readonly string[] Letters =
    [
        "system-ui",
        "-apple-system",
        "Segoe UI",
        "Roboto",
        "Helvetica Neue",
        "Arial",
        "sans-serif",
    ];

    public static MudTheme Create()
    {
        MudTheme theme = new()
        {
            PaletteLight = new PaletteLight
            {
                Primary = "#1557b0",
                Secondary = "#5b4b00",
                Background = "#f5f7fa",
                Surface = "#ffffff",
                TextPrimary = "#14202e",
                TextSecondary = "#46556a",
                ActionDefault = "#46556a",
                Success = "#17693a",
                Warning = "#8a5200",
                Error = "#b3261e",
                Info = "#1557b0",
                TableLines = "#dfe5ec",
                LinesDefault = "#dfe5ec",
                LinesInputs = "#7b8794",
            },
            PaletteDark = new PaletteDark
            {
                Primary = "#8fc0ff",
                Secondary = "#ffd479",
                Background = "#10161d",
                Surface = "#18212b",
                TextPrimary = "#e8eef5",
                TextSecondary = "#a9b8c9",
                ActionDefault = "#a9b8c9",
                Success = "#6fd69a",
                Warning = "#ffc35c",
                Error = "#ff9b94",
                Info = "#8fc0ff",
                TableLines = "#2b3846",
                LinesDefault = "#2b3846",
                LinesInputs = "#71839a",
            },
            LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px" },
        };
        theme.Typography.Default.FontFamily = Letters;
        return theme;
    }
}
