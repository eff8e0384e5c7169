// The timers that are due next, in memory: a binary heap of keys, sixteen bytes each. Loop thread.

import Store

/// The smallest key first.
struct TimerHeap {
  private(set) var keys: [TimerKey] = []

  var count: Int { keys.count }
  var isEmpty: Bool { keys.isEmpty }
  var first: TimerKey? { keys.first }
  /// Memory that the heap keeps.
  var heldBytes: Int { keys.capacity * MemoryLayout<TimerKey>.stride }

  mutating func push(_ key: TimerKey) {
    keys.append(key)
    var at = keys.count - 1
    while at > 0 {
      let parent = (at - 1) / 2
      if keys[parent] <= key { break }
      keys[at] = keys[parent]
      at = parent
    }
    keys[at] = key
  }

  /// Removes the smallest key, which must be there.
  mutating func pop() -> TimerKey {
    let smallest = keys[0]
    let last = keys.removeLast()
    if !keys.isEmpty { sift(last, into: 0) }
    return smallest
  }

  mutating func removeAll() { keys = [] }

  /// Keeps the `count` smallest keys and returns the smallest of the others; nil when there are none.
  mutating func keepSmallest(_ count: Int) -> TimerKey? {
    precondition(count > 0)
    if keys.count <= count { return nil }
    select(count)
    let bound = keys[count...].min()
    keys.removeSubrange(count...)
    var at = count / 2
    while at > 0 {
      at -= 1
      sift(keys[at], into: at)
    }
    return bound
  }

  /// Places `key` at `start` or below, where the heap's order wants it.
  private mutating func sift(_ key: TimerKey, into start: Int) {
    var at = start
    let end = keys.count
    while true {
      var child = 2 * at + 1
      if child >= end { break }
      if child + 1 < end && keys[child + 1] < keys[child] { child += 1 }
      if key <= keys[child] { break }
      keys[at] = keys[child]
      at = child
    }
    keys[at] = key
  }

  /// Brings the `count` smallest keys to the front, in any order (quickselect).
  private mutating func select(_ count: Int) {
    var low = 0
    var high = keys.count - 1
    while low < high {
      let pivot = median(keys[low], keys[low + (high - low) / 2], keys[high])
      var left = low
      var right = high
      while left <= right {
        while keys[left] < pivot { left += 1 }
        while keys[right] > pivot { right -= 1 }
        if left <= right {
          keys.swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if count - 1 <= right { high = right } else if count - 1 >= left { low = left } else { return }
    }
  }

  private func median(_ a: TimerKey, _ b: TimerKey, _ c: TimerKey) -> TimerKey {
    max(min(a, b), min(max(a, b), c))
  }
}
