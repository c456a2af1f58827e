/** image-spec image-index.md § platform; Go's names for architecture and os. */
export interface Platform {
  architecture: string
  os: string
  'os.version'?: string
  'os.features'?: string[]
  variant?: string
}
