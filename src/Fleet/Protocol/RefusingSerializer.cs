using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;

namespace TlsGateway.Fleet.Protocol;

/// <summary>Stands where Akka has JSON for objects of any type: nothing leaves or enters in a form that names its own type.</summary>
public sealed class RefusingSerializer(ExtendedActorSystem system) : Serializer(system)
{
    public override int Identifier => 4054;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) =>
        throw new SerializationException($"{obj.GetType()} has no serializer: it is not said between members.");

    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException("No member says this.");
}
