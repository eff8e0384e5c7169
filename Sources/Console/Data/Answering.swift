// `mq consume --reply`: answers messages that ask for an answer. One thread.

import Client
import Linux
import Wire

/// Where answers come from, and who sends them.
final class Answering {
  private let text: String?
  private var lines = LineReader()
  private var producer: Producer
  private let streams: Streams
  private let answersTerminal: Bool

  private init(_ text: String?, _ cluster: Cluster, _ streams: Streams) {
    self.text = text
    producer = Producer(cluster)
    self.streams = streams
    answersTerminal = text == nil && Process.isStdinTerminal
  }

  /// nil without --reply.
  ///
  /// - Throws: `.usage` for an empty text: brokers take no message without a body.
  static func make(_ invocation: Invocation, _ cluster: Cluster) throws(Failure) -> Answering? {
    guard let text = invocation.string("reply") else { return nil }
    if text.isEmpty { throw Failure(.usage, "--reply is empty", hint: "for example --reply yes") }
    return Answering(text == "-" ? nil : text, cluster, invocation.streams)
  }

  /// Answers a printed message, read from the broker of the address, if it asks for that.
  ///
  /// - Parameter signals: Descriptor that is readable when the command shall end; waiting for a line then stops.
  func answer(_ message: Message, _ address: String, signals: CInt) {
    if message.properties[PropertyName.replyToClient] == nil { return }
    if !message.isRequest(nowMs: Clock.wallMs()) {
      return warn("\(message.messageId) is not answered: nobody waits for it any more")
    }
    do throws(Failure) {
      guard let body = try body(signals) else {
        return warn("\(message.messageId) is not answered: no line came")
      }
      do throws(ClientError) { try producer.reply(to: message, body: body, at: address) } catch {
        warn("\(message.messageId) is not answered: \(error.message)")
      }
    } catch { warn("\(message.messageId) is not answered: \(error.message)") }
  }

  private func body(_ signals: CInt) throws(Failure) -> [UInt8]? {
    if let text { return Array(text.utf8) }
    if answersTerminal { streams.warn("reply: ") }
    while true {
      while !lines.hasLine && !Socket.waitReady(0, .readable, timeoutMs: Limits.inputWaitMs) {
        // Signals are blocked while a loop runs: reading would not notice Ctrl-C.
        if Socket.waitReady(signals, .readable, timeoutMs: 0) { return nil }
      }
      guard let line = try lines.next() else { return nil }
      if !line.isEmpty { return line }
    }
  }

  private func warn(_ text: String) { streams.warn("mq: \(Escape.terminal(text))\n") }
}
