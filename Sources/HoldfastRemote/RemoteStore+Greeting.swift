import HoldfastCore
import HoldfastStorage
import NIOCore
import NIOHTTP1

extension RemoteStore {
  /// Sees whether the server takes this worker, before there is anything to lose.
  ///
  /// - Throws: ``RemoteRefusal``, which says what to put right.
  package func greet() async throws(RemoteRefusal) {
    let place = caller.address.text
    let answer: RemoteCaller.Answer
    do throws(StoreError) {
      answer = try await caller.send(
        .GET, "/api/v1/worker-protocol", Optional<RemoteWelcome>.none, seconds: 10)
    } catch {
      guard case .unavailable(let why) = error else { throw .unreachable("\(error)") }
      throw .unreachable(why)
    }
    let json = answer.body.withUnsafeReadableBytes { JSONValue(parsing: $0) }
    switch answer.status {
    case 200:
      guard let spoken = json?["protocol"]?.intValue else {
        throw .notHoldfast("what answers at \(place) is no Holdfast server")
      }
      guard spoken == RemoteProtocol.version else {
        throw .version(server: Int(clamping: spoken), worker: RemoteProtocol.version)
      }
    case 300..<400:
      throw .notHoldfast("\(place) leads elsewhere: name the address that it leads to")
    case 401:
      throw .token(
        "the server \(place) does not know the token, or it has ended: \(answer.detail)")
    case 403: throw .token("the token is not one for workers: \(answer.detail)")
    case 404 where answer.problemName != nil:
      throw .withoutWorkers(
        "the server at \(place) knows no remote workers there: the address has a path too many, or "
          + "the server is older than this worker")
    case 421:
      throw .notHoldfast("the server does not answer to the name in \(place): \(answer.detail)")
    case 500...:
      throw .unreachable("the server \(place) is not well: \(answer.detail)")
    default:
      throw .notHoldfast("what answers at \(place) is no Holdfast server (\(answer.detail))")
    }
  }
}
