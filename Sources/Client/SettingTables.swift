// Answers that hold the settings of all topics or groups of a broker: megabytes, read without a tree.

package import Wire

extension Response {
  /// All topics of a broker: the answer to code 21.
  ///
  /// - Throws: The refusal when the code is not 0; `.malformedAnswer` when the body is no such table.
  package func topicTable(from address: String) throws(ClientError) -> TopicConfigTable {
    _ = try success(from: address)
    let table: TopicConfigTable?
    do throws(WireError) { table = try TopicConfigTable.read(body) } catch { throw noJSON(address, error) }
    guard let table else {
      throw ClientError(.malformedAnswer, "\(address) answered with a malformed table of topics")
    }
    return table
  }

  /// All consumer groups of a broker: the answer to code 201.
  ///
  /// - Throws: As `topicTable`.
  package func groupTable(from address: String) throws(ClientError) -> SubscriptionGroupTable {
    _ = try success(from: address)
    let table: SubscriptionGroupTable?
    do throws(WireError) { table = try SubscriptionGroupTable.read(body) } catch {
      throw noJSON(address, error)
    }
    guard let table else {
      throw ClientError(.malformedAnswer, "\(address) answered with a malformed table of groups")
    }
    return table
  }
}
