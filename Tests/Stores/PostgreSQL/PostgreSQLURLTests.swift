import Testing

@testable import CardeaPostgreSQL

@Suite("PostgreSQL URLs") struct PostgreSQLURLTests {
  @Test("the store's own parameters are taken out, the rest goes to libpq")
  func own() throws {
    let url = try PostgreSQLURL(
      "postgres://u:p@db:5433/keys?sslmode=verify-full&pooler=transaction&lookups=4"
        + "&lookup_deadline=50ms&change_deadline=9s&history=standby&connect_timeout=3")
    #expect(url.connection == "postgres://u:p@db:5433/keys?sslmode=verify-full&connect_timeout=3")
    #expect(url.shown == "postgres://u@db:5433/keys")
    #expect(url.hasPooler && url.listsFromStandby)
    #expect(url.lookups == 4 && url.hosts.count == 1)
    #expect(url.lookupDeadline == .milliseconds(50) && url.changeDeadline == .seconds(9))
    let plain = try PostgreSQLURL("postgresql:///keys")
    #expect(plain.connection == "postgresql:///keys" && plain.shown == "postgres:///keys")
    #expect(plain.lookupDeadline == .milliseconds(200) && !plain.hasPooler && plain.lookups == 2)
  }

  @Test("a server on another machine that need not prove who it is is told from the others")
  func exposed() throws {
    for (url, isExposed) in [
      ("postgres://u@db/keys", true), ("postgres://u@db/keys?sslmode=require", true),
      ("postgres://u@db/keys?sslmode=verify-full", false), ("postgres:///keys", false),
      ("postgres:///keys?host=/run/pg", false), ("postgres://u@localhost/keys", false),
      ("postgres://u@127.0.0.1,db/keys", true), ("postgres://u@[::1]:5433/keys", false),
      ("postgres://u@192.0.2.1/keys", true),
    ] {
      #expect(try PostgreSQLURL(url).isExposed == isExposed, "\(url)")
    }
  }

  @Test("several hosts are told apart and shown, without the password")
  func hosts() throws {
    let url = try PostgreSQLURL("postgres://u:secret@one:1,two:2,three/keys")
    #expect(url.hosts.map { $0["host"] } == ["one", "two", "three"])
    #expect(url.hosts.prefix(2).map { $0["port"] } == ["1", "2"])
    #expect(
      try PostgreSQLURL("postgres:///keys?host=one,two&port=5433").hosts == [
        ["host": "one", "port": "5433"], ["host": "two", "port": "5433"],
      ])
    #expect(
      url.shown == "postgres://u@one:1,two:2,three:5432/keys"
        || url.shown == "postgres://u@one:1,two:2,three/keys")
    #expect(
      try PostgreSQLURL("postgres:///keys?host=/run/pg").shown == "postgres:///keys?host=/run/pg")
  }

  @Test(
    "what can't be read is refused without repeating it",
    arguments: [
      "postgres:/u@h/d", "mysql://u@h/d", "postgres://u:se@cret@h/d", "postgres://u:secret/d",
      "postgres://u@h:99999/d", "postgres://h/d?nothing=secret",
    ])
  func unreadable(_ text: String) {
    let fault = #expect(throws: PostgreSQLURL.Fault.self) { try PostgreSQLURL(text) }
    #expect(fault?.problem == "the URL of the PostgreSQL database can't be read")
    #expect(fault?.remedy.contains("secret") == false && fault?.remedy.contains("cret") == false)
  }

  @Test(
    "parameters of our own outside their values are refused by name",
    arguments: [
      ("pooler=session", "pooler"), ("lookups=0", "lookups"), ("lookups=17", "lookups"),
      ("lookup_deadline=1ms", "lookup_deadline"), ("lookup_deadline=never", "lookup_deadline"),
      ("change_deadline=5", "change_deadline"), ("history=replica", "history"),
      ("pooler", "pooler"),
    ])
  func parameters(_ text: String, _ name: String) {
    let fault = #expect(throws: PostgreSQLURL.Fault.self) {
      try PostgreSQLURL("postgres://u@h/d?\(text)")
    }
    #expect(fault?.problem == "\(name) in the URL of the PostgreSQL database can't be read")
  }
}
