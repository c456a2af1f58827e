/** Numbers that addresses and routes have in common (linux/socket.h, linux/rtnetlink.h). */
export const FAMILY = { ANY: 0, INET: 2, INET6: 10 } as const

/** How far an address or route reaches: everywhere, this link, this machine. */
export const SCOPE = { UNIVERSE: 0, LINK: 253, HOST: 254 } as const
