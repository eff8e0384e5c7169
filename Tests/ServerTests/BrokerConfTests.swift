// Apache's broker.conf: what is taken over, what is said about the rest, and what is refused.

import Store
import Testing

@testable import Server

struct BrokerConfTests {
  @Test func settingsAreTakenOver() throws {
    var options = ServerOptions(root: "/unset")
    let warnings = try BrokerConf.apply(
      """
      # a comment
      ! another
      brokerClusterName = C1
      brokerName=b-7
      brokerId=0
      listenPort: 20911
      brokerIP1 10.1.2.3
      storePathRootDir=/data/my\\ store
      deleteWhen=03;16
      fileReservedTime=120
      flushDiskType=SYNC_FLUSH
      autoCreateTopicEnable=FALSE
      autoCreateSubscriptionGroup=false
      defaultTopicQueueNums=16
      mappedFileSizeCommitLog=1048576
      maxMessageSize=65536
      diskMaxUsedSpaceRatio=88
      messageDelayLevel=1s 5s \\
        1m 2h
      brokerPermission=4
      regionId=East
      traceOn=false
      traceTopicEnable=true
      longPollingEnable=false
      """, to: &options)
    #expect(warnings == [])
    #expect(options.clusterName == "C1" && options.brokerName == "b-7")
    #expect(options.brokerPort == 20911 && options.advertise == "10.1.2.3")
    #expect(options.store.root == "/data/my store")
    #expect(options.store.deleteWhen == [3, 16] && options.store.fileReservedHours == 120)
    #expect(options.store.flushSync && !options.autoCreateTopic && !options.autoCreateGroup)
    #expect(options.defaultTopicQueues == 16 && options.brokerPermission == 4)
    #expect(options.store.segmentBytes == 1_048_576 && options.store.messageBytesMax == 65_536)
    #expect(options.store.diskMaxUsedRatio == 0.88)
    #expect(options.delayLevels == "1s 5s 1m 2h")
    #expect(options.region == "East" && !options.traceOn && options.traceTopic && !options.longPolling)
  }

  @Test func whatHasNoEffectIsSaid() throws {
    var options = ServerOptions(root: "/r")
    let warnings = try BrokerConf.apply(
      "namesrvAddr=1.2.3.4:9876\n\nsendMessageThreadPoolNums=16\nbrokerNmae=x\nbrokerRole=SYNC_MASTER",
      to: &options)
    #expect(
      warnings == [
        "line 1: namesrvAddr has no effect on this server",
        "line 3: sendMessageThreadPoolNums has no effect on this server",
        "line 4: brokerNmae is not known",
        "line 5: brokerRole=SYNC_MASTER acts as ASYNC_MASTER: there are no slaves",
      ])
  }

  @Test(arguments: [
    ("listenPort=70000", 1), ("\n\nlistenPort=ten", 3), ("brokerRole=SLAVE", 1), ("brokerId=1", 1),
    ("autoCreateTopicEnable=yes", 1), ("brokerName=", 1), ("brokerName=a b", 1), ("deleteWhen=25", 1),
    ("fileReservedTime=0", 1), ("diskMaxUsedSpaceRatio=0.75", 1), ("flushDiskType=SOMETIMES", 1),
    ("messageDelayLevel=1s 5x", 1), ("messageDelayLevel=", 1), ("mappedFileSizeCommitLog=12", 1),
    ("storePathRootDir=/a\nstorePathCommitLog=/b/commitlog", 2), ("brokerPermission=9", 1),
  ])
  func badValuesNameTheirLine(_ text: String, _ line: Int) {
    var options = ServerOptions(root: "/r")
    let error = #expect(throws: BrokerConfError.self) { _ = try BrokerConf.apply(text, to: &options) }
    #expect(error?.line == line)
    #expect(options.brokerPort == 10911 && options.store.root == "/r", "nothing is half taken over")
  }

  @Test func missingFileIsSaid() {
    var options = ServerOptions(root: "/r")
    let error = #expect(throws: BrokerConfError.self) {
      _ = try BrokerConf.read("/nonexistent/broker.conf", into: &options)
    }
    #expect(error?.description.contains("/nonexistent/broker.conf") == true)
  }

  @Test func theStandardLogPathIsFine() throws {
    var options = ServerOptions(root: "/r")
    let text = "storePathRootDir=/a\nstorePathCommitLog=/a/commitlog"
    #expect(try BrokerConf.apply(text, to: &options) == [])
  }

  /// What code 26 prints can be read back.
  @Test func printedSettingsAreReadBack() throws {
    var options = ServerOptions(root: "/r")
    options.store.deleteWhen = [4, 23]
    options.store.flushSync = true
    options.brokerPort = 12_345
    options.advertise = "10.0.0.1"
    let text = BrokerConf.lines(of: options, address: "10.0.0.1:12345").map { "\($0.key)=\($0.value)" }
    var read = ServerOptions(root: "/other")
    _ = try BrokerConf.apply(text.joined(separator: "\n"), to: &read)
    #expect(read.store.deleteWhen == [4, 23] && read.store.flushSync && read.brokerPort == 12_345)
    #expect(read.store.root == "/r" && read.advertise == "10.0.0.1")
  }

  @Test(arguments: [
    ("a=b", "a", "b"), ("a = b c ", "a", "b c"), ("a:b=c", "a", "b=c"), ("a b", "a", "b"), ("a", "a", ""),
    ("a\\=b=c", "a=b", "c"), ("a=\\u0041\\t.", "a", "A\t."), ("a=b\\\\", "a", "b\\"),
  ])
  func propertiesAreReadAsJavaDoes(_ line: String, _ key: String, _ value: String) {
    #expect(PropertiesText.entries(line) == [PropertiesText.Entry(line: 1, key: key, value: value)])
  }
}
