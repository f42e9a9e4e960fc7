namespace TlsGateway.Tls;

/// <summary>Where a session rents memory for ciphertext. Called on the session's thread only; memory is native and does not move.</summary>
public unsafe interface ITlsBufferPool
{
    /// <summary>Rents at least <paramref name="minimumBytes"/>; <paramref name="capacity"/> is what it got. Contents are undefined.</summary>
    byte* Rent(int minimumBytes, out int capacity);

    /// <summary>Gives back what <see cref="Rent"/> gave, with the same <paramref name="capacity"/>.</summary>
    void Return(byte* memory, int capacity);
}
