// Filters by their levels, to find those that contain another one without asking each of them.

/// Filters that can be asked which of them contain a filter.
struct ShapeIndex {
  private struct Node {
    var literals: [FilterLevel: Int] = [:]
    var any = -1
    /// Numbers of filters that end here, and of those that go on with #.
    var exact: [Int] = []
    var open: [Int] = []
  }

  private var nodes = [Node()]

  /// Adds a filter under `number`.
  mutating func add(_ shape: FilterShape, number: Int) {
    var node = 0
    for level in shape.levels {
      let known = level == .any ? nodes[node].any : nodes[node].literals[level] ?? -1
      if known >= 0 {
        node = known
        continue
      }
      nodes.append(Node())
      if level == .any {
        nodes[node].any = nodes.count - 1
      } else {
        nodes[node].literals[level] = nodes.count - 1
      }
      node = nodes.count - 1
    }
    if shape.isOpen { nodes[node].open.append(number) } else { nodes[node].exact.append(number) }
  }

  /// The numbers of the filters that contain `shape`, itself included, in no order.
  func containing(_ shape: FilterShape) -> [Int] {
    var result: [Int] = []
    collect(0, 0, shape, &result)
    return result
  }

  private func collect(_ index: Int, _ depth: Int, _ shape: FilterShape, _ result: inout [Int]) {
    let node = nodes[index]
    result += node.open
    if depth == shape.levels.count {
      if !shape.isOpen { result += node.exact }
      return
    }
    let level = shape.levels[depth]
    if level != .any, let child = node.literals[level] { collect(child, depth + 1, shape, &result) }
    if node.any >= 0, depth > 0 || !level.beginsWithDollar {
      collect(node.any, depth + 1, shape, &result)
    }
  }
}
