import type { Member, MemberId } from '../types.js'

/** What can be asked of a cluster's membership. Several at once become one step, and hold together or not at all. */
export type MembershipChange =
  /**
   * A new member, always as a learner first. With `promote` it becomes a voter by itself once it keeps up. A witness votes and holds no data;
   * it stays a witness for ever.
   */
  | { readonly type: 'add'; readonly member: Member; readonly promote: boolean; readonly witness: boolean }
  /** A learner becomes a voter now; refused while it does not keep up. */
  | { readonly type: 'promote'; readonly id: MemberId }
  /** A voter becomes a learner. */
  | { readonly type: 'demote'; readonly id: MemberId }
  /** Its id is never admitted again. */
  | { readonly type: 'remove'; readonly id: MemberId }
  /** `member` joins as a learner (a witness in place of a witness); once it keeps up it comes in and `id` goes out, in one joint step. */
  | { readonly type: 'replace'; readonly id: MemberId; readonly member: Member }
  /** Other addresses or another name for the member with the same id. */
  | { readonly type: 'update'; readonly member: Member }
