using System.Runtime.Versioning;

// File modes and namespaces are part of what is tested.
[assembly: SupportedOSPlatform("linux")]
