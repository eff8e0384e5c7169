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

  /// What answers one printed message, read from the broker of the address; nil without --reply.
  ///
  /// - Throws: `.usage` for an empty text: brokers take no message without a body.
  static func closure(
    _ invocation: Invocation, _ cluster: Cluster
  ) throws(Failure) -> ((Message, String) -> Void)? {
    guard let text = invocation.string("reply") else { return nil }
    if text.isEmpty { throw Failure(.usage, "--reply is empty", hint: "for example --reply yes") }
    let answering = Answering(text == "-" ? nil : text, cluster, invocation.streams)
    return { message, address in answering.answer(message, address) }
  }

  private func answer(_ message: Message, _ address: String) {
    if message.properties[PropertyName.replyToClient] == nil { return }
    if !message.isRequest(nowMs: Clock.wallMs()) {
      return warn("\(message.messageId) is not answered: nobody waits for it any more")
    }
    do throws(Failure) {
      guard let body = try body() else {
        return warn("\(message.messageId) is not answered: standard input is at its end")
      }
      do throws(ClientError) { try producer.reply(to: message, body: body, at: address) } catch {
        warn("\(message.messageId) is not answered: \(error.message)")
      }
    } catch { warn("\(message.messageId) is not answered: \(error.message)") }
  }

  private func body() throws(Failure) -> [UInt8]? {
    if let text { return Array(text.utf8) }
    if answersTerminal { streams.warn("reply: ") }
    while let line = try lines.next() { if !line.isEmpty { return line } }
    return nil
  }

  private func warn(_ text: String) { streams.warn("mq: \(Escape.terminal(text))\n") }
}
