// Numbers of things, as the log says them.

/// "1 session", "2 sessions"; `several` where an s at the end does not make the plural.
func counted(_ number: Int, _ noun: String, _ several: String? = nil) -> String {
  "\(number) " + (number == 1 ? noun : several ?? noun + "s")
}
