// Why a request was refused: a response code and words for a person.

import Store
import Wire

/// Thrown by handlers; answered as it is.
struct Refusal: Error {
  /// The end of many of Apache's remarks (FAQUrl).
  static let seeFAQ = "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."

  let code: ResponseCode
  let remark: String

  init(_ code: ResponseCode, _ remark: String) {
    self.code = code
    self.remark = remark
  }

  /// What a store's refusal means on the wire (Apache: PutMessageStatus to response code).
  init(_ refusal: AppendRefusal) {
    switch refusal {
    case .diskFull:
      self.init(
        .serviceNotAvailable,
        """
        service not available now. It may be caused by one of the following reasons: the broker's disk is \
        full
        """)
    case .busy: self.init(.systemBusy, "[PCBUSY]broker busy, start flow control for a while")
    case .tooLarge:
      self.init(.messageIllegal, "the message is illegal, maybe msg body or properties length not matched")
    case .closed: self.init(.serviceNotAvailable, "service not available now, the broker is stopping")
    }
  }
}
