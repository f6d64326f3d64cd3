import Foundation
import Testing

/// The README's nginx configuration, in a real nginx before a service that shows which headers reach it.
/// Everything but Cardea listens on Unix sockets, so no port can be taken.
@Suite struct ReadmeProxyTests {
  @Test(.timeLimit(.minutes(2)))
  func theProxyLetsThroughWhatWasGrantedAndNoHeaderOfTheClients() throws {
    let block = try #require(
      try FencedBlock.all(in: "README.md").first { $0.language == "nginx" },
      "the README shows no nginx configuration")
    let configuration = block.text
      .replacingOccurrences(of: "127.0.0.1:8420", with: "@ADDRESS@")
      .replacingOccurrences(of: "http://127.0.0.1:3000", with: "http://unix:@FOLDER@/app.sock:")
    let shell = try ReadmeShell(
      """
      PATH=$PATH:/usr/sbin
      cat >nginx.conf.in <<'CONFIGURATION'
      pid @FOLDER@/nginx.pid;
      error_log @FOLDER@/error.log;
      events {}
      http {
      access_log off;
      client_body_temp_path @FOLDER@/body;
      proxy_temp_path @FOLDER@/proxy;
      fastcgi_temp_path @FOLDER@/fastcgi;
      uwsgi_temp_path @FOLDER@/uwsgi;
      scgi_temp_path @FOLDER@/scgi;
      server {
      listen unix:@FOLDER@/web.sock;
      \(configuration)
      }
      server {
      listen unix:@FOLDER@/app.sock;
      return 200 "prefix=$http_x_cardea_key_prefix owner=$http_x_cardea_owner scopes=$http_x_cardea_scopes";
      }
      }
      CONFIGURATION
      sed -e "s|@FOLDER@|$PWD|g" -e "s|@ADDRESS@|$address|g" nginx.conf.in >nginx.conf
      chmod 755 "$PWD"
      nginx -p "$PWD" -e "$PWD/error.log" -c "$PWD/nginx.conf"
      trap 'nginx -p "$PWD" -c "$PWD/nginx.conf" -s stop 2>/dev/null || true; finish' EXIT
      ask() { curl -sS -i --unix-socket web.sock "$@" http://service/orders/1 2>&1; }

      TOKEN=$(cardea keys create shop --owner alice --scope orders:read)
      OTHER=$(cardea keys create other --scope invoices:read)
      shown=$(ask -H "X-API-Key: $TOKEN")
      expect granted '200 OK' "$shown"
      expect granted "prefix=${TOKEN%%:*} owner=alice scopes=orders:read" "$shown"
      shown=$(ask -X POST -d body -H "X-API-Key: $TOKEN" -H 'X-Cardea-Owner: mallory' \\
        -H 'x-cardea-scopes: cardea:admin' -H 'X-Cardea-Key-Prefix: tok_mallory')
      expect overwritten "prefix=${TOKEN%%:*} owner=alice scopes=orders:read" "$shown"
      shown=$(ask -H "X-API-Key: $(cat token)" -H 'X-Cardea-Owner: mallory')
      expect 'no owner' 'owner= scopes=cardea:admin' "$shown"
      shown=$(ask -H "X-API-Key: ${TOKEN%?}x" -H 'X-Cardea-Owner: mallory')
      expect refused '401 Unauthorized' "$shown"
      expect refused 'WWW-Authenticate: Api-Key' "$shown"
      shown=$(ask)
      expect 'no token' '401 Unauthorized' "$shown"
      shown=$(ask -H "X-API-Key: $OTHER")
      expect 'another scope' '403 Forbidden' "$shown"

      """, settings: ["CARDEA_SERVER_TRUSTED_PROXIES": "127.0.0.1/32"])
    #expect(shell.status == 0, "\(shell.output)")
  }
}
