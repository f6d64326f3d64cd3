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
    let service = """
      server {
      listen unix:@FOLDER@/app.sock;
      return 200 "prefix=$http_x_cardea_key_prefix owner=$http_x_cardea_owner scopes=$http_x_cardea_scopes";
      }
      """
    let configuration = block.text.replacingOccurrences(
      of: "http://127.0.0.1:3000", with: "http://unix:@FOLDER@/app.sock:")
    let shell = try ReadmeShell(
      NginxScript.start(configuration, http: service) + """
        ask() { curl -i "$@" http://service/orders/1 2>&1; }

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
