using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace TlsGateway.Fleet.Protocol;

/// <summary>Stands where Akka has JSON for objects of any type: nothing leaves or enters in a form that names its own type.</summary>
public sealed class RefusingSerializer : Serializer
{
    /// <param name="system">Of the member.</param>
    /// <param name="settings">The JSON serializer's, which this one is given in its place.</param>
    public RefusingSerializer(ExtendedActorSystem system, Config settings)
        : base(system) => ArgumentNullException.ThrowIfNull(settings);

    public override int Identifier => 4054;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) =>
        throw new SerializationException($"{obj.GetType()} has no serializer: it is not said between members.");

    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException("No member says this.");
}
