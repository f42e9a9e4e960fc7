using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace TlsGateway.LiveView;

/// <summary>Keeps the keys that seal what a page carries between requests: as long as the process lives, as the pages do. Nothing is written to a disk.</summary>
internal sealed class MemoryKeys : IXmlRepository
{
    private readonly Lock _lock = new();
    private readonly List<XElement> _elements = [];

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        lock (_lock)
        {
            return [.. _elements.Select(static element => new XElement(element))];
        }
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        lock (_lock)
        {
            _elements.Add(new XElement(element));
        }
    }
}
