import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** java Client.java PORT CA_FILE VERSION: verifies by name, echoes, and connects again with the same context. One line each on standard output. */
public class Client {
    public static void main(String[] arguments) throws Exception {
        KeyStore trust = KeyStore.getInstance(KeyStore.getDefaultType());
        trust.load(null, null);
        try (InputStream file = Files.newInputStream(Path.of(arguments[1]))) {
            trust.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trust);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        long first = 0;
        for (int i = 0; i < 2; i++) {
            try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", Integer.parseInt(arguments[0]))) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setServerNames(List.of(new SNIHostName("localhost")));
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                parameters.setProtocols(new String[] {arguments[2]});
                parameters.setApplicationProtocols(new String[] {"http/1.1"});
                socket.setSSLParameters(parameters);
                socket.startHandshake();
                long created = socket.getSession().getCreationTime();
                String how = i > 0 && created == first ? "reused" : "new";
                first = created;
                System.out.println(
                        how + " " + socket.getSession().getProtocol() + " " + socket.getSession().getCipherSuite() + " alpn=" + socket.getApplicationProtocol());
                socket.getOutputStream().write("ping".getBytes(StandardCharsets.US_ASCII));
                System.out.println(new String(socket.getInputStream().readNBytes(4), StandardCharsets.US_ASCII));
                // Half-close on TLS 1.3; on 1.2 the gateway answers close_notify with its own.
                socket.shutdownOutput();
                System.out.println("end " + socket.getInputStream().read());
            }
            // A session's time of creation has milliseconds: the next full handshake must not share it.
            while (System.currentTimeMillis() <= first) {
                Thread.onSpinWait();
            }
        }
    }
}
