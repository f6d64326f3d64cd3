#if TLS
  import NIOCore
  import NIOEmbedded
  import Testing

  @testable import CardeaServer

  /// When a connection of HTTP/2 is closed that its client does not close, on a clock that is moved by hand.
  @Suite struct ConnectionDeadlineTests {
    private func connection() throws -> (EmbeddedChannel, ConnectionDeadline) {
      let deadline = ConnectionDeadline(handshake: .seconds(30), idle: .seconds(75))
      let channel = EmbeddedChannel(handler: deadline)
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
      return (channel, deadline)
    }

    private func quiesce(_ channel: EmbeddedChannel) {
      channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }

    @Test func whoShakesHandsIsClosedAtOnceWhenTheServerStops() throws {
      let (channel, _) = try connection()
      quiesce(channel)
      #expect(!channel.isActive)
    }

    /// It is asked to go, which a client that says nothing does not answer.
    @Test func whoHasNoRequestHasASecondWhenTheServerStops() throws {
      let (channel, deadline) = try connection()
      deadline.shakenHands()
      quiesce(channel)
      channel.embeddedEventLoop.advanceTime(by: .milliseconds(999))
      #expect(channel.isActive)
      channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
      #expect(!channel.isActive)
    }

    @Test func whoHasARequestHasASecondAfterIt() throws {
      let (channel, deadline) = try connection()
      deadline.shakenHands()
      #expect(deadline.streamBegan() == 1)
      #expect(deadline.streamBegan() == 2)
      quiesce(channel)
      channel.embeddedEventLoop.advanceTime(by: .seconds(600))
      deadline.streamEnded()
      channel.embeddedEventLoop.advanceTime(by: .seconds(600))
      #expect(channel.isActive)
      deadline.streamEnded()
      channel.embeddedEventLoop.advanceTime(by: .seconds(1))
      #expect(!channel.isActive)
    }

    @Test func withoutAStopItIsTheIdleTime() throws {
      let (channel, deadline) = try connection()
      deadline.shakenHands()
      deadline.streamBegan()
      deadline.streamEnded()
      channel.embeddedEventLoop.advanceTime(by: .seconds(74))
      #expect(channel.isActive)
      channel.embeddedEventLoop.advanceTime(by: .seconds(1))
      #expect(!channel.isActive)
    }
  }

  /// How many streams there may be.
  @Suite struct StreamBudgetTests {
    @Test func itIsBoundedButForTheOnlyOneOfAConnection() {
      let budget = StreamBudget(most: 2)
      #expect(budget.take(isOnly: true) && budget.take(isOnly: false))
      #expect(!budget.take(isOnly: false))
      #expect(budget.take(isOnly: true))
      budget.giveBack()
      #expect(!budget.take(isOnly: false))
      budget.giveBack()
      #expect(budget.take(isOnly: false))
    }
  }
#endif
