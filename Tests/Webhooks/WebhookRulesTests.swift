import CardeaContracts
import Foundation
import Testing

@testable import CardeaWebhooks

@Suite("Where webhooks may go")
struct WebhookRulesTests {
  @Test(arguments: [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:20::1", "2001:db8::1",
    "2002:7f00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1",
    "ff02::1",
  ]) func isNotPublic(_ text: String) throws {
    #expect(!AddressRule.isPublic(try #require(IPAddress(text))))
  }

  @Test(arguments: [
    "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
    "172.32.0.0", "192.0.1.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
    "::ffff:1.1.1.1", "2001:200::1", "2606:4700::1111", "2a00:1450::1", "3ffe::1",
  ]) func isPublic(_ text: String) throws {
    #expect(AddressRule.isPublic(try #require(IPAddress(text))))
  }

  @Test func everyRangeIsRead() {
    #expect(AddressRule.specialTexts.allSatisfy { CIDR($0) != nil })
  }

  @Test func whatIsAllowedMayBePrivateAndInClear() throws {
    let rule = AddressRule(allow: [try #require(CIDR("10.1.0.0/16"))])
    let (inside, outside) = (
      try #require(IPAddress("10.1.2.3")), try #require(IPAddress("1.1.1.1"))
    )
    #expect(rule.permits(inside, isEncrypted: true))
    #expect(rule.permits(inside, isEncrypted: false))
    #expect(rule.permits(outside, isEncrypted: true))
    #expect(!rule.permits(outside, isEncrypted: false))
    #expect(!rule.permits(try #require(IPAddress("10.2.0.1")), isEncrypted: true))
  }

  @Test(arguments: [
    "", "example.org", "/hooks", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org",
    "https://", "https://user@example.org/", "https://user:pass@example.org/",
    "https://example.org/#part", "https://example.org:99999/", "https://exa mple.org/",
    "https://example.org/\n", "https://ex\u{E4}mple.org/", "http://example.org/",
    "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://[::1]/",
    "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/meta-data",
    "https://example.org/" + String(repeating: "a", count: 2_048),
  ]) func isNoURL(_ url: String) async throws {
    let rig = try await WebhookRig()
    let error = await #expect(throws: LifecycleError.self) {
      try await rig.webhooks.create(NewWebhook(url: url), by: .host)
    }
    #expect(error?.field == "url")
    #expect(try await rig.webhooks.all().isEmpty)
  }

  @Test(arguments: [
    "https://example.org", "https://example.org:8443/a/b?c=d", "https://1.1.1.1/",
    "https://[2606:4700::1111]:443/hooks", "http://10.1.2.3/", "http://inside.example.org/",
  ]) func isAURL(_ url: String) async throws {
    let rig = try await WebhookRig { $0.allow = [CIDR("10.1.0.0/16")].compactMap(\.self) }
    let made = try await rig.webhooks.create(NewWebhook(url: url), by: .host)
    #expect(made.status.endpoint.url == url)
  }

  @Test func otherFieldsAreNamedToo() async throws {
    let rig = try await WebhookRig { $0.maxEndpoints = 1 }
    var new = NewWebhook(url: "https://example.org")
    new.signals = ["key_created", "user_logged_in"]
    #expect(await field(rig, new) == "signals")
    new.signals = []
    new.description = String(repeating: "a", count: 1_025)
    #expect(await field(rig, new) == "description")
    new.description = ""
    #expect(await field(rig, new) == nil)
    #expect(await field(rig, new) == "url")
  }

  private func field(_ rig: WebhookRig, _ new: NewWebhook) async -> String? {
    do throws(LifecycleError) {
      _ = try await rig.webhooks.create(new, by: .host)
      return nil
    } catch { return error.field ?? "none" }
  }
}
