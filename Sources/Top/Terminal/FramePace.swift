// When the next frame may be drawn. Pure: times come from outside.

/// Keeps frames to 60 a second, though one after a pause comes at once and a key never waits for the frame
/// before.
package struct FramePace {
  /// Frames are this far apart in the long run.
  package static let spacingMs: Int64 = 17
  /// So many may follow each other at once.
  package static let burst: Int64 = 3
  /// A window that is being dragged is drawn when it rests this long, or after `resizeMaxMs` at the latest.
  package static let resizeRestMs: Int64 = 25
  package static let resizeMaxMs: Int64 = 250

  /// When the frames drawn so far would be over at the spacing.
  private var paidMs: Int64 = 0
  /// When the size last changed and first changed since it was drawn; nil when the size is drawn.
  private var resize: (lastMs: Int64, firstMs: Int64)?

  package init() {}

  /// True when the size that was drawn is not the present one.
  package var isResizing: Bool { resize != nil }

  /// The size changed.
  package mutating func noteResize(nowMs: Int64) {
    resize = (lastMs: nowMs, firstMs: resize?.firstMs ?? nowMs)
  }
  /// A frame was drawn.
  package mutating func noteFrame(nowMs: Int64) {
    paidMs = max(paidMs, nowMs) + Self.spacingMs
    resize = nil
  }
  /// How long the next frame has to wait; 0 when it may be drawn.
  package func waitMs(nowMs: Int64) -> Int64 {
    var dueMs = paidMs - (Self.burst - 1) * Self.spacingMs
    if let resize {
      dueMs = max(dueMs, min(resize.lastMs + Self.resizeRestMs, resize.firstMs + Self.resizeMaxMs))
    }
    return max(0, dueMs - nowMs)
  }
}
