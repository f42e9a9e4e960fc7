using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// One SSL_CTX and what its callbacks reach. Its reference count is what keeps a generation alive: the context holds one reference, every session another.
/// </summary>
internal sealed unsafe class SslContextHandle : SafeHandle
{
    private readonly List<SslContextHandle> _dependents = [];
    private readonly List<GCHandle> _callbackState = [];

    public SslContextHandle(nint method)
        : base(0, ownsHandle: true)
    {
        SetHandle(LibSsl.SSL_CTX_new_ex(0, GatewayProvider.IsLoaded ? GatewayProvider.PropertyQuery : null, method));
        if (IsInvalid)
        {
            throw new TlsConfigurationException($"OpenSSL could not make a context: {OpenSslErrors.DrainText()}.");
        }
    }

    /// <summary>What is stapled to its certificates; null: nothing.</summary>
    public StapleTable? Staples { get; set; }

    public override bool IsInvalid => handle == 0;

    /// <summary>The SSL_CTX*. Only for one who holds a reference.</summary>
    public nint Pointer => handle;

    /// <summary>Roots <paramref name="state"/> until the SSL_CTX is freed; the result is a callback's argument.</summary>
    public nint Root(object state)
    {
        GCHandle root = GCHandle.Alloc(state);
        _callbackState.Add(root);
        return GCHandle.ToIntPtr(root);
    }

    /// <summary>Frees <paramref name="other"/> after this one: a server-name callback of this SSL_CTX may switch to it.</summary>
    public void Own(SslContextHandle other) => _dependents.Add(other);

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_CTX_free(handle);
        foreach (SslContextHandle dependent in _dependents)
        {
            dependent.Dispose();
        }
        foreach (GCHandle root in _callbackState)
        {
            root.Free();
        }
        return true;
    }
}
