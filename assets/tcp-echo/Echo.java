import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * A TCP echo server to complete (Lab 1B).
 *
 * <p>It starts, listens and echoes: once, for one client at a time. That is enough for a first try and for nothing else.
 * Mend it until {@code roundtrip grade tcp-echo --port 7000} finds all seven:
 *
 * <ol>
 *   <li>partial reads: every byte comes back, however the client cuts its stream
 *   <li>large writes: nothing is lost when the send buffer is full because the client reads slowly
 *   <li>half-close: after the client's FIN everything is still echoed, then the connection is closed
 *   <li>end of file: when the client has closed its side, so does the server: no leak, no busy loop
 *   <li>reset: a client that aborts does no harm: the next one is served
 *   <li>concurrent: a client that says nothing keeps nobody waiting
 *   <li>idle timeout: a client that is silent for --idle seconds is disconnected
 * </ol>
 *
 * <p>{@code java Echo.java --port 7000}
 */
public final class Echo {
    public static void main(String[] arguments) throws IOException {
        int port = option(arguments, "--port", 7000);
        int idle = option(arguments, "--idle", 5);
        try (ServerSocket listener = new ServerSocket(port, 128, InetAddress.getByName("127.0.0.1"))) {
            System.out.println("listening on 127.0.0.1:" + port);
            while (true) {
                serve(listener.accept(), idle);
            }
        }
    }

    /** Serves one client. */
    private static void serve(Socket client, int idle) throws IOException {
        try (client) {
            byte[] buffer = new byte[4096];
            int count = client.getInputStream().read(buffer);
            if (count > 0) {
                client.getOutputStream().write(buffer, 0, count);
            }
        }
    }

    /** The number behind {@code name}, or {@code otherwise}. */
    private static int option(String[] arguments, String name, int otherwise) {
        for (int i = 0; i + 1 < arguments.length; i++) {
            if (arguments[i].equals(name)) {
                return Integer.parseInt(arguments[i + 1]);
            }
        }
        return otherwise;
    }
}
