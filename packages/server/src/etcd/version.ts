/** The release of etcd whose API this is. Tools compare it: digits and dots only. */
export const ETCD_API_VERSION = '3.6.0'
