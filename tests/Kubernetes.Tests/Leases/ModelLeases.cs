using k8s.Models;
using TlsGateway.Kubernetes.Api;
using TlsGateway.Kubernetes.Leases;

namespace TlsGateway.Kubernetes.Tests.Leases;

/// <summary>
/// A lease in memory behind a network that a test decides on: when a request arrives, when its answer does, and whether. A request that its sender gave up may still arrive.
/// Whoever waits is continued inside the call, so that after each there is nothing under way.
/// </summary>
internal sealed class ModelLeases
{
    private V1Lease? _lease;
    private int _version;

    /// <summary>Requests that have not arrived, and answers that have not.</summary>
    public List<Message> Messages { get; } = [];

    /// <param name="sender">Whose messages these are.</param>
    public ILeaseApi CreateClient(int sender) => new Client(this, sender);

    private V1Lease? Get() => _lease is null ? null : Copy(_lease);

    private V1Lease? Create(V1Lease lease) => _lease is null ? Keep(lease) : null;

    private V1Lease? Replace(V1Lease lease) =>
        _lease is not null && _lease.Metadata.ResourceVersion == lease.Metadata.ResourceVersion ? Keep(lease) : null;

    private V1Lease Keep(V1Lease lease)
    {
        _lease = Copy(lease);
        _lease.Metadata.ResourceVersion = $"{++_version}";
        return Copy(_lease);
    }

    private static V1Lease Copy(V1Lease lease) => k8s.KubernetesJson.Deserialize<V1Lease>(k8s.KubernetesJson.Serialize(lease));

    private sealed class Client(ModelLeases leases, int sender) : ILeaseApi
    {
        public Task<V1Lease?> GetAsync(string name, CancellationToken cancellation) => Send(leases.Get, cancellation);

        public Task<V1Lease?> CreateAsync(V1Lease lease, CancellationToken cancellation) => Send(() => leases.Create(lease), cancellation);

        public Task<V1Lease?> ReplaceAsync(V1Lease lease, CancellationToken cancellation) =>
            Send(() => leases.Replace(lease), cancellation);

        private Task<V1Lease?> Send(Func<V1Lease?> arrive, CancellationToken cancellation)
        {
            Message message = new(sender, arrive);
            cancellation.Register(message.GiveUp);
            leases.Messages.Add(message);
            return message.Answer;
        }
    }

    internal sealed class Message(int sender, Func<V1Lease?> arrive)
    {
        private readonly TaskCompletionSource<V1Lease?> _answer = new();
        private V1Lease? _result;
        private bool _hasArrived;

        public int Sender => sender;

        public Task<V1Lease?> Answer => _answer.Task;

        public void GiveUp() => _answer.TrySetCanceled();

        /// <summary>The next of its two ways. True: both are over.</summary>
        public bool Move()
        {
            if (!_hasArrived)
            {
                _hasArrived = true;
                _result = arrive();
                return false;
            }
            _answer.TrySetResult(_result);
            return true;
        }

        /// <summary>Lost on the way that it is on.</summary>
        public void Lose() => _answer.TrySetException(new KubernetesApiException(ApiFault.Unreachable, "lost"));
    }
}
