/// Response codes (Apache ResponseCode).
package enum ResponseCode: Int32, Sendable {
  case success = 0
  case systemError = 1
  case systemBusy = 2
  case requestCodeNotSupported = 3
  case transactionFailed = 4
  case flushDiskTimeout = 10
  case slaveNotAvailable = 11
  case flushSlaveTimeout = 12
  case messageIllegal = 13
  case serviceNotAvailable = 14
  case versionNotSupported = 15
  case noPermission = 16
  case topicNotExist = 17
  case topicExistAlready = 18
  case pullNotFound = 19
  case pullRetryImmediately = 20
  case pullOffsetMoved = 21
  case queryNotFound = 22
  case subscriptionParseFailed = 23
  case subscriptionNotExist = 24
  case subscriptionNotLatest = 25
  case subscriptionGroupNotExist = 26
  case filterDataNotExist = 27
  case filterDataNotLatest = 28
  case invalidParameter = 29
  case consumerNotOnline = 206
  case consumeMessageTimeout = 207
  case noMessage = 208
  case pollingFull = 209
  case pollingTimeout = 210
  case notLeaderForQueue = 501
  case illegalOperation = 604
  case goAway = 1500
}
