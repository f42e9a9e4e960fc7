# The gateway's image: docker build -t tls-gateway:0.1.0 .
#
# OpenSSL 3.5 is the first with the post-quantum groups (X25519MLKEM768), and the gateway takes the system's. Of .NET 10's official images, Ubuntu 24.04 (noble, the default) has 3.0
# and Azure Linux 3 has 3.3; Ubuntu 26.04 (resolute) and Alpine from 3.22 have 3.5. Resolute, since it has glibc, which the gateway is built and measured with; chiseled, since that is without a
# shell and a package manager: nothing in it but .NET, OpenSSL and the authorities of the public web.
FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0-resolute AS build
ARG TARGETARCH
WORKDIR /source
COPY . .
# Code compiled ahead for the image's processor. The lock files decide on versions.
RUN --mount=type=cache,target=/root/.nuget/packages \
    case "$TARGETARCH" in arm64) rid=linux-arm64 ;; *) rid=linux-x64 ;; esac \
    && dotnet publish src/Gateway -c Release -r "$rid" --self-contained false -p:RestoreLockedMode=true -o /app \
    && mkdir /state

FROM mcr.microsoft.com/dotnet/aspnet:10.0-resolute-chiseled
WORKDIR /app
COPY --from=build /app /app
# For the state folder where no volume is mounted; with a read-only root file system, mount one here and at /tmp.
COPY --from=build --chown=1654:1654 /state /app/state
# gateway top, gateway check and the others, by exec.
ENV PATH=/app:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# The user "app" of .NET's images, by number: Kubernetes' runAsNonRoot wants to see one. All ports are above 1023.
USER 1654
# Clients; health, metrics and the admin API; other members; connections that members relay.
EXPOSE 8443 9901 4053 4054
# There is no curl to ask with. Kubernetes has probes of its own and does not look at this.
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/app/gateway", "health", "--live"]
ENTRYPOINT ["/app/gateway"]
