/** Which age of the real tools a writer follows, where their bytes changed: the article's (May 2020), or today's. */
export type Profile = '2020' | 'current'
