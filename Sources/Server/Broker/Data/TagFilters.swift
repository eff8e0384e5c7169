// Tag expressions of pulls, parsed once: a consumer sends the same few with every pull.

import Store
import Wire

/// Parsed tag expressions by their bytes. Loop thread only.
struct TagFilters: ~Copyable {
  private var names = NameTable()
  private var filters: [MessageFilter] = []

  /// The filter of an expression like "a || b" in a pull's header. No allocation once it is known.
  mutating func filter(
    _ header: borrowing RemotingHeader, _ fields: RawSpan, _ expression: HeaderField
  ) -> MessageFilter {
    // As written: an expression with escapes is another one than the same without, with the same meaning.
    if let number = names.find(fields[expression.value]) { return filters[number] }
    if filters.count >= ServerLimits.tagExpressionsMax { self = TagFilters() }
    let text = header.text(of: expression, in: fields)
    let filter = MessageFilter(codes: SubscriptionData.tag(topic: "", expression: text, version: 0).codes)
    names.insert(fields[expression.value])
    filters.append(filter)
    return filter
  }
}
