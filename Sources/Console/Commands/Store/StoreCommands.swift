// The rows of `mq store`, and what its commands share: they work on files of this machine, without a broker.

import Store

enum StoreCommands {
  static let rows: [Command] = [
    StoreCheckCommand.row, StoreDumpCommand.row, StoreStatCommand.row, StoreRepairCommand.row,
  ]

  static let directory = Argument(
    "DIR", "the store: storePathRootDir of a broker, or what mq serve --data names", completion: .files)

  /// What a store tool met, as an exit code.
  static func failure(_ error: InspectError) -> Failure {
    switch error.kind {
    case .missing: Failure(.notFound, error.message, hint: error.hint)
    case .cancelled: Failure(.interrupted, error.message, hint: error.hint)
    case .usage, .notAStore: Failure(.usage, error.message, hint: error.hint)
    case .inUse, .io: Failure(.failed, error.message, hint: error.hint)
    }
  }

  /// Looks at a store with a progress bar.
  static func inspect(
    _ invocation: Invocation, _ options: InspectOptions
  ) throws(Failure) -> StoreInspection {
    var bar = ProgressBar(invocation.streams)
    do throws(InspectError) {
      let found = try StoreInspector.inspect(invocation.required("DIR"), options) { now in
        bar.update(bytes: now.bytesDone, of: now.bytesTotal)
        return true
      }
      bar.end()
      if found.isLive {
        invocation.warn("a broker runs in \(found.root): what it wrote last is not judged")
      }
      return found
    } catch {
      bar.end()
      throw failure(error)
    }
  }

  /// The fields that every report about a store begins with.
  static func head(_ found: StoreInspection) -> Report {
    var report = Report()
    report.add("Store", key: "directory", .text(found.root))
    report.add("In use", key: "inUse", .flag(found.isLive))
    report.add("Ended cleanly", key: "endedCleanly", .flag(found.endedCleanly))
    report.add("Files", key: "files", .integer(found.log.files))
    report.add("File size", key: "fileBytes", .bytes(found.log.segmentBytes))
    report.add("Records", key: "records", .integer(found.log.records))
    report.add("Size", key: "sizeBytes", .bytes(found.log.recordBytes))
    report.add("Start offset", key: "startOffset", .integer(found.log.startOffset), wide: true)
    report.add("End offset", key: "endOffset", .integer(found.log.endOffset), wide: true)
    report.add("Oldest", key: "oldest", .time(orNever: found.log.firstMs))
    report.add("Newest", key: "newest", .time(orNever: found.log.lastMs))
    return report
  }

  /// How fast the log was read.
  static func addRate(_ found: StoreInspection, to report: inout Report) {
    let perSecond = Double(found.bytesRead) * 1000 / Double(max(found.elapsedMs, 1))
    report.add("Read", key: "readBytes", .bytes(found.bytesRead), wide: true)
    report.add("Took", key: "elapsedMs", .duration(found.elapsedMs))
    report.add("Rate per second", key: "readBytesPerSecond", .bytes(Int64(perSecond)))
  }
}
