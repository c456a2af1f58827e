import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/**
 * The program inside the demo image: GET /hello on port 8000 answers "hello world".
 * Written without lambdas and nested classes, so that any compiler makes one class file of it.
 */
public final class HelloServer implements HttpHandler {
    private static final int PORT = 8000;
    private static final byte[] HELLO = "hello world\n".getBytes(StandardCharsets.UTF_8);

    public static void main(String[] args) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(PORT), 0);
        server.createContext("/", new HelloServer());
        server.start();
        long pid = ProcessHandle.current().pid();
        System.out.printf("HelloServer: listening on port %d, with PID %d, on Java %s%n", PORT, pid, System.getProperty("java.version"));
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        try {
            boolean known = exchange.getRequestURI().getPath().equals("/hello");
            String method = exchange.getRequestMethod();
            if (!known) {
                exchange.sendResponseHeaders(404, -1);
            } else if (method.equals("HEAD")) {
                exchange.sendResponseHeaders(200, -1);
            } else if (!method.equals("GET")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                exchange.sendResponseHeaders(405, -1);
            } else {
                exchange.getResponseHeaders().set("Content-Type", "text/plain;charset=UTF-8");
                exchange.sendResponseHeaders(200, HELLO.length);
                exchange.getResponseBody().write(HELLO);
            }
        } finally {
            exchange.close();
        }
    }
}
