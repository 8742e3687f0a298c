export { BalsaError } from '@balsa/raft'
