// What keys do to rows: further sort keys, marks, pins, following. Pure.

extension Model {
  mutating func performOnRows(_ action: Action) -> Effects {
    switch action {
    case .sortAdd:
      if !view.addSort() { notice = "There is no further column to sort by." }
      return reorder()
    case .sortOne: return changeSort { $0.sort.removeLast($0.sort.count - 1) }
    case .untagAll:
      view.tags = []
      return .draw
    default: break
    }
    guard let name = selectedName else {
      notice = "There is no row here."
      return .draw
    }
    switch action {
    case .tag:
      view.toggleTag(name)
      return select(view.selected + 1)
    case .pin:
      view.togglePin(name)
      // The row that was pinned, not its old place, stays selected.
      let followed = view.followed
      view.followed = name
      defer { view.followed = followed }
      return reorder()
    case .follow:
      view.followed = view.followed == nil ? name : nil
      notice = view.followed == nil ? "The selection stays where it is." : "Follows the selected row."
    default: break
    }
    return .draw
  }

  /// Enter after a filter: an unfinished one gives way to the last that was good.
  mutating func endFilter() -> Effects {
    if let problem = view.endTyping() { notice = "Not a filter: " + problem }
    return reorder()
  }

  /// Names of rows of a table that stand on top because they alert.
  func raisedAlerts(_ kind: TableKind) -> Set<String> { pinsAlerts ? shown.alertingRows(kind) : [] }
}
