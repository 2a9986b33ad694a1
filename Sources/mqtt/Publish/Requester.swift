// `mqtt pub --wait-reply`: a request and its response (4.10 of MQTT 5.0). The response topic is
// subscribed to first, so that no reply can come too early; then the request goes out, and the first
// message that answers it is printed.
//
//   connected --SUBSCRIBE--> subscribed --PUBLISH--> waiting --reply--> printed, 0
//                                                            --time---> 27
//
// MQTT 5 tells replies apart by correlation data. A responder that sends none back can only mean this
// request; before MQTT 5 nobody can, and the topic alone says what is a reply. What is retained was
// there before the request and is no reply to it.

import Basis
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

/// One request, waiting for its reply.
final class Requester: ClientBehaviour {
  private let options: PublishOptions
  private let reply: ReplyOptions
  private let payload: [UInt8]
  private let correlationData: [UInt8]
  private var replyTopic = ""
  private var isSubscribed = false
  private var isSent = false

  init(_ options: PublishOptions, _ reply: ReplyOptions, _ payload: [UInt8]) {
    self.options = options
    self.reply = reply
    self.payload = payload
    let chance = RandomBytes.bytes(8)
    correlationData =
      options.publishProperties.binary(.correlationData)
      ?? chance.flatMap { byte in
        Array(byte.hexadecimal.utf8)
      }
  }

  var isBusy: Bool { false }

  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant) {}

  func handleSignal(_ run: ClientRun, now: Instant) {
    run.cutShort(isSent ? "no reply has come" : "1 message not sent")
    run.finish(now: now)
  }

  func handleTimeout(_ run: ClientRun, now: Instant) {
    run.console.say("no reply to \(replyTopic.isEmpty ? "the request" : replyTopic) in time")
    run.finish(ExitStatus.timedOut, now: now)
  }

  func handle(_ event: ClientEvent, _ run: ClientRun, now: Instant) {
    switch event {
    case .connected(let connack):
      if !connack.isSessionPresent { isSubscribed = false }
      if !isSubscribed { subscribe(run, now: now) }
    case .subscribed(let suback):
      take(suback, run, now: now)
    case .published(_, let answer):
      take(answer, run, now: now)
    case .message(let view):
      take(view, run, now: now)
    case .authentication:
      run.console.say("the broker asks for another step of authentication, which pub cannot do")
      run.finish(Int32(ReasonCode.badAuthenticationMethod.rawValue), now: now)
    case .unsubscribed, .pingAnswered, .ended:
      break
    }
  }

  func work(_ run: ClientRun, now: Instant) -> Instant? { nil }

  private func subscribe(_ run: ClientRun, now: Instant) {
    let version = run.client.session.version
    replyTopic =
      reply.topic ?? options.publishProperties.string(.responseTopic)
      ?? (version == .v5
        ? "reply/\(run.client.session.clientIdentifier)" : "\(options.topics[0])/reply")
    let subscription = Subscription(
      filter: replyTopic,
      options: SubscriptionOptions(qos: options.qos, retainHandling: .never))
    do throws(RequestFault) {
      _ = try run.client.session.subscribe([subscription], properties: Properties(), now: now)
    } catch {
      run.finish(error, now: now)
    }
  }

  private func take(_ suback: Suback, _ run: ClientRun, now: Instant) {
    if let code = suback.reasonCodes.first, code.isFailure {
      let reason = run.client.session.version == .v5 ? ": \(code.name) (\(code.hexadecimal))" : ""
      run.console.say("the broker refused the subscription to \(replyTopic)\(reason)")
      return run.finish(
        ExitStatus.refusal(code, of: .suback, version: run.client.session.version), now: now)
    }
    isSubscribed = true
    if isSent { return }
    isSent = true
    var properties = options.publishProperties
    properties.list.removeAll {
      $0.identifier == .responseTopic || $0.identifier == .correlationData
    }
    properties.append(.responseTopic, .string(replyTopic))
    properties.append(.correlationData, .binary(correlationData))
    let payload = payload
    do throws(RequestFault) {
      let form = try run.client.session.form(
        topic: options.topics[0], qos: options.qos, isRetained: options.isRetained,
        properties: properties)
      try run.client.session.publish(payload.span, as: form, token: 0, now: now)
    } catch {
      run.finish(error, now: now)
    }
  }

  private func take(_ answer: Acknowledgement, _ run: ClientRun, now: Instant) {
    let code = answer.reasonCode
    if code.isFailure {
      run.console.say(
        "the broker refused the message to \(options.topics[0]): \(code.name) "
          + "(\(code.hexadecimal))")
      run.finish(
        ExitStatus.refusal(code, of: .puback, version: run.client.session.version), now: now)
    } else if code == .noMatchingSubscribers {
      run.console.say("nobody is subscribed to \(options.topics[0])")
    }
  }

  private func take(_ view: PublishView, _ run: ClientRun, now: Instant) {
    if view.isRetained || !isSent { return }
    let message = run.client.session.publish(view)
    if message.topic.exact != replyTopic.exact { return }
    if let theirs = message.properties.binary(.correlationData), theirs != correlationData {
      return
    }
    var output = message.payload
    output.append(UInt8(ascii: "\n"))
    let isWritten = Terminal.write(bytes: output, to: STDOUT_FILENO)
    run.finish(isWritten ? ExitStatus.success : ExitStatus.failure, now: now)
  }
}
