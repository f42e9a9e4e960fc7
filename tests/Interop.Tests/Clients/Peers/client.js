// node client.js PORT CA_FILE VERSION: verifies, echoes, and connects again with the session. One line each on standard output.
const fs = require("fs");
const tls = require("tls");
const [port, authority, version] = process.argv.slice(2);
const options = {
  host: "127.0.0.1",
  port: Number(port),
  servername: "localhost",
  ca: fs.readFileSync(authority),
  minVersion: version,
  maxVersion: version,
  ALPNProtocols: ["http/1.1"],
};

function connect(session, then) {
  let kept = session;
  let received = "";
  const socket = tls.connect({ ...options, session });
  socket.setEncoding("utf8");
  socket.on("session", (s) => (kept = s));
  socket.on("secureConnect", () => {
    const how = socket.isSessionReused() ? "reused" : "new";
    console.log(`${how} ${socket.getProtocol()} ${socket.getCipher().standardName} alpn=${socket.alpnProtocol} authorized=${socket.authorized}`);
    socket.write("ping");
  });
  socket.on("data", (data) => {
    received += data;
    if (received === "ping") socket.end();
  });
  socket.on("end", () => console.log(`end ${received}`));
  socket.on("error", (e) => {
    console.log(`error ${e.code} ${e.message}`);
    process.exit(1);
  });
  socket.on("close", () => then(kept));
}

connect(undefined, (session) => connect(session, () => console.log("done")));
