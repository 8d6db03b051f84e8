/// A real child process that behaves as a test says: a shell script, made from steps, that speaks the runner protocol on its
/// standard streams.
///
/// Wherever it reads (``Step/awaitMessage(_:)`` and the like), it answers pings on the way, unless it was told to be deaf.
package struct ScriptedRunner: Sendable {
  package indirect enum Step: Sendable {
    /// Say `ready`.
    case ready
    /// Write this line on standard output.
    case say(String)
    /// Write this on standard output without a newline.
    case sayWithoutNewline(String)
    /// Write this many bytes of one line.
    case sayGiantLine(bytes: Int)
    /// Read messages until `start` comes.
    case awaitStart
    /// Read messages until one holds this text.
    case awaitMessage(String)
    /// Read messages until standard input ends.
    case awaitInputEnd
    /// Wait until the file is there.
    case awaitFile(String)
    /// Use processor time until the file is there, and answer nothing.
    case spin(untilFile: String)
    /// Make an empty file.
    case touch(String)
    /// Add the last message that was awaited to a file.
    case noteMessage(String)
    /// Add the process id to a file.
    case noteProcessID(String)
    /// Write its environment and its open descriptors to a file.
    case noteSurroundings(String)
    case sayInError(String)
    case floodError(lines: Int)
    /// Steps for one attempt of the scan, told by the `start` message.
    case onAttempt(Int, [Step])
    /// SIGTERM does nothing from here on.
    case ignoreTerminate
    /// At SIGTERM, say this line and end.
    case onTerminate(String)
    /// Neither read nor write for ever.
    case hang
    /// Start a process in the same group that outlives this one, and note its id.
    case startLingerer(noteIn: String)
    /// Start a process that leaves the group, keeps this one's outputs open and outlives it, and note its id.
    case startEscapee(noteIn: String)
    case closeOutput
    case exit(Int)
    case killItself(signal: String)
  }

  package var steps: [Step]

  package init(_ steps: [Step]) {
    self.steps = steps
  }

  /// What a worker is to start.
  package var command: [String] { ["/bin/sh", "-c", script, "scripted-runner"] }

  package var script: String {
    Self.prelude + steps.map(Self.render).joined(separator: "\n") + "\nexit 0\n"
  }

  /// Ready, one scan, `finished` / `completed`.
  package static let completing = ScriptedRunner([
    .ready, .awaitStart, .say(#"{"type":"finished","outcome":"completed","message":"done"}"#),
  ])

  private static let prelude = #"""
    START='' LINE=''
    # Reads until a line holds $1; answers pings. Ends with the input.
    until_message() {
      while IFS= read -r LINE; do
        case "$LINE" in
          *'"type":"ping"'*)
            number=${LINE#*'"number":'}; number=${number%%[!0-9]*}
            printf '{"type":"pong","number":%s}\n' "$number" ;;
        esac
        case "$LINE" in *"$1"*) return 0 ;; esac
      done
      exit 0
    }

    """#

  private static func render(_ step: Step) -> String {
    switch step {
    case .ready:
      return #"printf '{"type":"ready","protocol":1,"pid":%s,"kinds":[]}\n' $$"#
    case .say(let line): return "printf '%s\\n' \(quoted(line))"
    case .sayWithoutNewline(let text): return "printf '%s' \(quoted(text))"
    case .sayGiantLine(let bytes):
      return "head -c \(bytes) /dev/zero | tr '\\0' 'x'; echo"
    case .awaitStart: return "until_message '\"type\":\"start\"'; START=$LINE"
    case .awaitMessage(let text): return "until_message \(quoted(text))"
    case .awaitInputEnd: return "until_message 'no message holds this'"
    case .awaitFile(let path): return "until [ -e \(quoted(path)) ]; do sleep 0.01; done"
    case .spin(let path): return "until [ -e \(quoted(path)) ]; do :; done"
    case .touch(let path): return ": > \(quoted(path))"
    case .noteMessage(let path): return "printf '%s\\n' \"$LINE\" >> \(quoted(path))"
    case .noteProcessID(let path): return "echo $$ >> \(quoted(path))"
    case .noteSurroundings(let path):
      return "{ env; ls /proc/$$/fd | sed 's/^/fd /'; pwd; } > \(quoted(path))"
    case .sayInError(let text): return "printf '%s\\n' \(quoted(text)) >&2"
    case .floodError(let lines): return "seq 1 \(lines) | sed 's/^/flood /' >&2"
    case .onAttempt(let attempt, let steps):
      return """
        case "$START" in *'"attempt":\(attempt),'*|*'"attempt":\(attempt)}'*)
        \(steps.map(render).joined(separator: "\n")) ;; esac
        """
    case .ignoreTerminate: return "trap '' TERM"
    case .onTerminate(let line):
      return "trap \(quoted("printf '%s\\n' " + quoted(line) + "; exit 0")) TERM"
    case .hang: return "while :; do sleep 3600 & wait $!; done"
    case .startLingerer(let path):
      return "sleep 3600 </dev/null >/dev/null 2>&1 & echo $! >> \(quoted(path))"
    case .startEscapee(let path):
      return "setsid sh -c 'echo $$ > \"$0\"; exec sleep 3600' \(quoted(path)) </dev/null &"
    case .closeOutput: return "exec >&-"
    case .exit(let status): return "exit \(status)"
    case .killItself(let signal): return "kill -\(signal) $$"
    }
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
      + "'"
  }
}
