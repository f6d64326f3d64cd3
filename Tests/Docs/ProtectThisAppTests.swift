import Foundation
import Testing

/// The walk "Protect this app" does what it says: its service, its nginx configuration and its commands are
/// run, with only the addresses replaced.
@Suite struct ProtectThisAppTests {
  private static let document = "Sources/Cardea/Cardea.docc/ProtectThisApp.md"

  @Test(.timeLimit(.minutes(2))) func theWalkLeadsWhereItSays() throws {
    let blocks = try FencedBlock.all(in: Self.document)
    let app = try #require(blocks.first { $0.mark == "file app.py" })
    let nginx = try #require(blocks.first { $0.mark == "file service.conf" })
    let commands = blocks.filter { $0.mark == "run" }
    try #require(commands.count >= 3)
    #expect(app.lines.count <= 10, "a service of ten lines")
    #expect(!app.text.lowercased().contains("cardea"), "an untouched service")
    // A port that is free now may be taken a moment later: then another is tried.
    let service = """
      cat >app.py.in <<'APP'
      \(app.text)
      APP
      # The interpreter itself, not a wrapper that would be killed in its place.
      python=$(python3 -c 'import sys; print(sys.executable)')
      for _ in 1 2 3 4 5; do
        port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
        sed "s|3000|$port|" app.py.in >app.py
        "$python" app.py 2>app.log &
        app=$!
        while kill -0 $app 2>/dev/null; do
          if command curl -fs -o reached "http://127.0.0.1:$port/reached"; then break 2; fi
        done
      done
      grep -q '^/reached was asked for' reached
      # Signals that can be blocked may be: Foundation hands on the mask of the thread that starts a process.
      trap 'kill -9 $app; stop_nginx; finish' EXIT

      """
    let start = NginxScript.start(
      nginx.text.replacingOccurrences(of: "127.0.0.1:3000", with: "127.0.0.1:@PORT@")
    )
    // The service's port is known only when it runs.
    .replacingOccurrences(
      of: #"sed -e "s|@FOLDER@|"#, with: #"sed -e "s|@PORT@|$port|" -e "s|@FOLDER@|"#)
    let shell = try ReadmeShell(
      "stop_nginx() { :; }\n" + service + start + "trap 'kill -9 $app; stop_nginx; finish' EXIT\n"
        + commands.map(ReadmeShell.checked).joined(),
      settings: ["CARDEA_SERVER_TRUSTED_PROXIES": "127.0.0.1/32"])
    #expect(shell.status == 0, "\(shell.output)")
  }
}
