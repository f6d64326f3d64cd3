/// Why a benchmark ends without figures.
package enum BenchError: Error { case denied, notWarm, failed(String) }
