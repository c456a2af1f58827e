/** The only stream type of the library: backpressure is the `yield`. */
export type Bytes = AsyncIterable<Uint8Array>
