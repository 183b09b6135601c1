import {
  FIRST_PAGE,
  isUniqueViolation,
  json,
  type Page,
  type Queryable,
  selectPage,
} from '@millrace/chassis/stores/postgres';
import { mailboxOf, type PageQuery, type RegisterUser, type User } from '@millrace/contracts';

interface UserRow {
  id: string;
  name: string;
  email: string;
  created_at: Date;
}

/** Users in PostgreSQL. */
export interface UserStore {
  /** @returns the new user, or undefined when the email address is already registered */
  register(user: RegisterUser): Promise<User | undefined>;
  /** One page, newest first. */
  list(page: PageQuery): Promise<Page>;
}

const COLUMNS = 'id, name, email, created_at';

const LIST = selectPage({
  rows: `SELECT ${COLUMNS} FROM users WHERE id < $1 ORDER BY id DESC LIMIT $2::int + 1`,
  row: json.object({
    id: json.plain('id'),
    name: json.text('name'),
    email: json.text('email'),
    created_at: json.time('created_at'),
  }),
  limit: '$2::int',
});

export function createUserStore(db: Queryable): UserStore {
  return {
    async register({ name, email }) {
      try {
        const rows = await db.query<UserRow>(
          `INSERT INTO users (name, email, mailbox) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`,
          [name, email, mailboxOf(email)],
        );
        return rows.map(toUser)[0];
      } catch (error) {
        if (isUniqueViolation(error)) return undefined;
        throw error;
      }
    },

    async list({ limit, cursor }) {
      const [page] = await db.query<Page>(LIST, [cursor ?? FIRST_PAGE, limit]);
      return page!;
    },
  };
}

function toUser({ id, name, email, created_at }: UserRow): User {
  return { id, name, email, created_at: created_at.toISOString() };
}
