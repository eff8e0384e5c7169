// Every bound of this target that is not a field's own width. Peers and files are not trusted to keep them.

/// Bounds on what is parsed. Exceeding one is a `WireError`, never a trap.
package enum Limits {
  /// Deepest nesting of JSON arrays and objects, object keys included.
  package static let jsonDepthMax = 64
  /// Most values that the `$ref` members of one JSON text may repeat.
  package static let jsonReferencedValuesMax = 65_536
  /// Most extFields of one header (the largest Apache request has 21).
  package static let headerFieldsMax = 48
  /// Most bytes of a property string: its length travels as a signed short.
  package static let propertiesBytesMax = 32_767
  /// Deepest nesting of an expression that chooses rows; a chain of and or or is one level.
  package static let rowExpressionDepthMax = 64
  /// Longest duration that is understood: ten years.
  package static let durationMsMax: Int64 = 315_360_000_000
  /// Most bytes of a SQL92 expression.
  package static let sqlExpressionBytesMax = 32_767
  /// Most operators, literals and properties of one.
  package static let sqlTermsMax = 4096
  /// Deepest nesting of one; a chain of AND or OR is one level.
  package static let sqlDepthMax = 128
  /// Most different properties that one names.
  package static let sqlPropertiesMax = 64
}
