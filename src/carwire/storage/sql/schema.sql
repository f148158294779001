-- The newest schema, written from the migrations by `make docs`; a test holds it against them.
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE applications (
	client_id VARCHAR(36) NOT NULL,
	name VARCHAR(100) NOT NULL,
	redirect_uris TEXT NOT NULL,
	secret_digest BLOB NOT NULL,
	management_token_digest BLOB NOT NULL,
	management_token_sealed BLOB,
	created_at BIGINT NOT NULL,
	rules TEXT NOT NULL, former_token_sealed BLOB, former_token_until BIGINT,
	CONSTRAINT pk_applications PRIMARY KEY (client_id),
	CONSTRAINT uq_applications_management_token_digest UNIQUE (management_token_digest)
);
CREATE TABLE audit (
	number BIGINT NOT NULL,
	noted_at BIGINT NOT NULL,
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	detail TEXT NOT NULL,
	digest BLOB NOT NULL,
	CONSTRAINT pk_audit PRIMARY KEY (number)
)
 WITHOUT ROWID;
CREATE TABLE audit_head (
	name VARCHAR(36) NOT NULL,
	number BIGINT NOT NULL,
	digest BLOB NOT NULL,
	CONSTRAINT pk_audit_head PRIMARY KEY (name)
)
 WITHOUT ROWID;
CREATE TABLE budgets (
	car_id VARCHAR(36) NOT NULL,
	calls DOUBLE NOT NULL,
	wakes DOUBLE NOT NULL,
	level_at DOUBLE NOT NULL,
	CONSTRAINT pk_budgets PRIMARY KEY (car_id)
)
 WITHOUT ROWID;
CREATE TABLE cars (
	id VARCHAR(36) NOT NULL,
	source VARCHAR(40) NOT NULL,
	vin VARCHAR(17) NOT NULL,
	make TEXT NOT NULL,
	model TEXT NOT NULL,
	year INTEGER NOT NULL,
	powertrain VARCHAR(4) NOT NULL,
	changed_at BIGINT, event_number BIGINT DEFAULT 0 NOT NULL, event_sequence BIGINT DEFAULT 0 NOT NULL,
	CONSTRAINT pk_cars PRIMARY KEY (id),
	CONSTRAINT uq_cars_source_vin UNIQUE (source, vin)
)
 WITHOUT ROWID;
CREATE TABLE counters (
	name VARCHAR(36) NOT NULL,
	number BIGINT NOT NULL,
	CONSTRAINT pk_counters PRIMARY KEY (name)
)
 WITHOUT ROWID;
CREATE TABLE sealing (
	name VARCHAR(36) NOT NULL,
	canary_sealed BLOB NOT NULL,
	CONSTRAINT pk_sealing PRIMARY KEY (name)
)
 WITHOUT ROWID;
CREATE TABLE commands (
	id VARCHAR(36) NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	vehicle_id VARCHAR(36) NOT NULL,
	car_id VARCHAR(36) NOT NULL,
	name VARCHAR(40) NOT NULL,
	arguments TEXT NOT NULL,
	fingerprint BLOB NOT NULL,
	state VARCHAR(10) NOT NULL,
	problem TEXT,
	accepted_at BIGINT NOT NULL,
	deadline_at BIGINT NOT NULL,
	sent_at BIGINT,
	ended_at BIGINT,
	CONSTRAINT pk_commands PRIMARY KEY (id),
	CONSTRAINT fk_commands_client_id_applications FOREIGN KEY(client_id) REFERENCES applications (client_id) ON DELETE CASCADE
);
CREATE INDEX ix_commands_client_id ON commands (client_id);
CREATE INDEX ix_commands_deadline_at_under_way ON commands (deadline_at) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX uq_commands_under_way ON commands (car_id, fingerprint) WHERE ended_at IS NULL;
CREATE TABLE connect_sessions (
	id VARCHAR(36) NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	cookie_digest BLOB NOT NULL,
	record BLOB NOT NULL,
	secret_sealed BLOB,
	version BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	closed SMALLINT NOT NULL,
	CONSTRAINT pk_connect_sessions PRIMARY KEY (id),
	CONSTRAINT fk_connect_sessions_client_id_applications FOREIGN KEY(client_id) REFERENCES applications (client_id) ON DELETE CASCADE
);
CREATE INDEX ix_connect_sessions_client_id ON connect_sessions (client_id);
CREATE INDEX ix_connect_sessions_expires_at ON connect_sessions (expires_at);
CREATE TABLE owners (
	id VARCHAR(36) NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	source VARCHAR(40) NOT NULL,
	mode VARCHAR(10) NOT NULL,
	account_digest BLOB NOT NULL,
	created_at BIGINT NOT NULL,
	maker_session_sealed BLOB,
	CONSTRAINT pk_owners PRIMARY KEY (id),
	CONSTRAINT uq_owners_client_id_source_mode_account_digest UNIQUE (client_id, source, mode, account_digest),
	CONSTRAINT fk_owners_client_id_applications FOREIGN KEY(client_id) REFERENCES applications (client_id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE vehicles (
	id VARCHAR(36) NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	car_id VARCHAR(36) NOT NULL,
	CONSTRAINT pk_vehicles PRIMARY KEY (id),
	CONSTRAINT uq_vehicles_client_id_car_id UNIQUE (client_id, car_id),
	CONSTRAINT fk_vehicles_client_id_applications FOREIGN KEY(client_id) REFERENCES applications (client_id) ON DELETE CASCADE,
	CONSTRAINT fk_vehicles_car_id_cars FOREIGN KEY(car_id) REFERENCES cars (id)
)
 WITHOUT ROWID;
CREATE INDEX ix_vehicles_car_id ON vehicles (car_id);
CREATE TABLE connections (
	vehicle_id VARCHAR(36) NOT NULL,
	user_id VARCHAR(36) NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	car_id VARCHAR(36) NOT NULL,
	account_digest BLOB NOT NULL,
	mode VARCHAR(10) NOT NULL,
	permissions TEXT NOT NULL,
	connected_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	external_id TEXT,
	capacity_kwh DOUBLE,
	id VARCHAR(36) NOT NULL, revision BIGINT DEFAULT 0 NOT NULL, poll_at BIGINT,
	CONSTRAINT pk_connections PRIMARY KEY (vehicle_id, user_id),
	CONSTRAINT uq_connections_id UNIQUE (id),
	CONSTRAINT fk_connections_vehicle_id_vehicles FOREIGN KEY(vehicle_id) REFERENCES vehicles (id) ON DELETE CASCADE,
	CONSTRAINT fk_connections_user_id_owners FOREIGN KEY(user_id) REFERENCES owners (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_connections_car_id ON connections (car_id);
CREATE INDEX ix_connections_client_id_connected_at_vehicle_id_user_id ON connections (client_id, connected_at, vehicle_id, user_id);
CREATE INDEX ix_connections_client_id_external_id ON connections (client_id, external_id);
CREATE INDEX ix_connections_user_id ON connections (user_id);
CREATE TABLE consents (
	grant_id VARCHAR(36) NOT NULL,
	user_id VARCHAR(36) NOT NULL,
	text_version TEXT NOT NULL,
	language TEXT NOT NULL,
	application_name TEXT NOT NULL,
	vehicles TEXT NOT NULL,
	agreed_at BIGINT NOT NULL,
	CONSTRAINT pk_consents PRIMARY KEY (grant_id),
	CONSTRAINT fk_consents_user_id_owners FOREIGN KEY(user_id) REFERENCES owners (id) ON DELETE CASCADE
);
CREATE INDEX ix_consents_user_id ON consents (user_id);
CREATE TABLE grants (
	id VARCHAR(36) NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	user_id VARCHAR(36) NOT NULL,
	mode VARCHAR(10) NOT NULL,
	created_at BIGINT NOT NULL,
	revoked_at BIGINT,
	CONSTRAINT pk_grants PRIMARY KEY (id),
	CONSTRAINT fk_grants_user_id_owners FOREIGN KEY(user_id) REFERENCES owners (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_grants_user_id ON grants (user_id);
CREATE TABLE idempotency_keys (
	client_id VARCHAR(36) NOT NULL,
	vehicle_id VARCHAR(36) NOT NULL,
	idempotency_key TEXT NOT NULL,
	command_id VARCHAR(36) NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_idempotency_keys PRIMARY KEY (client_id, vehicle_id, idempotency_key),
	CONSTRAINT fk_idempotency_keys_command_id_commands FOREIGN KEY(command_id) REFERENCES commands (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_idempotency_keys_command_id ON idempotency_keys (command_id);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE TABLE access_tokens (
	digest BLOB NOT NULL,
	grant_id VARCHAR(36) NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	user_id VARCHAR(36) NOT NULL,
	mode VARCHAR(10) NOT NULL,
	expires_at BIGINT NOT NULL,
	CONSTRAINT pk_access_tokens PRIMARY KEY (digest),
	CONSTRAINT fk_access_tokens_grant_id_grants FOREIGN KEY(grant_id) REFERENCES grants (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_access_tokens_expires_at ON access_tokens (expires_at);
CREATE INDEX ix_access_tokens_grant_id ON access_tokens (grant_id);
CREATE TABLE codes (
	digest BLOB NOT NULL,
	grant_id VARCHAR(36) NOT NULL,
	redirect_uri TEXT,
	challenge TEXT,
	expires_at BIGINT NOT NULL,
	used_at BIGINT,
	CONSTRAINT pk_codes PRIMARY KEY (digest),
	CONSTRAINT fk_codes_grant_id_grants FOREIGN KEY(grant_id) REFERENCES grants (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_codes_expires_at ON codes (expires_at);
CREATE INDEX ix_codes_grant_id ON codes (grant_id);
CREATE TABLE grant_vehicles (
	grant_id VARCHAR(36) NOT NULL,
	vehicle_id VARCHAR(36) NOT NULL,
	user_id VARCHAR(36) NOT NULL,
	CONSTRAINT pk_grant_vehicles PRIMARY KEY (grant_id, vehicle_id),
	CONSTRAINT fk_grant_vehicles_vehicle_id_user_id_connections FOREIGN KEY(vehicle_id, user_id) REFERENCES connections (vehicle_id, user_id) ON DELETE CASCADE,
	CONSTRAINT fk_grant_vehicles_grant_id_grants FOREIGN KEY(grant_id) REFERENCES grants (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_grant_vehicles_vehicle_id_user_id ON grant_vehicles (vehicle_id, user_id);
CREATE TABLE refresh_tokens (
	digest BLOB NOT NULL,
	grant_id VARCHAR(36) NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT,
	CONSTRAINT pk_refresh_tokens PRIMARY KEY (digest),
	CONSTRAINT fk_refresh_tokens_grant_id_grants FOREIGN KEY(grant_id) REFERENCES grants (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_refresh_tokens_expires_at ON refresh_tokens (expires_at);
CREATE INDEX ix_refresh_tokens_grant_id ON refresh_tokens (grant_id);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TABLE client_secrets (
	id VARCHAR(36) NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	digest BLOB NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT,
	CONSTRAINT pk_client_secrets PRIMARY KEY (id),
	CONSTRAINT fk_client_secrets_client_id_applications FOREIGN KEY(client_id) REFERENCES applications (client_id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_client_secrets_client_id ON client_secrets (client_id);
CREATE TABLE application_tokens (
	digest BLOB NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	secret_id VARCHAR(36) NOT NULL,
	expires_at BIGINT NOT NULL,
	CONSTRAINT pk_application_tokens PRIMARY KEY (digest),
	CONSTRAINT fk_application_tokens_secret_id_client_secrets FOREIGN KEY(secret_id) REFERENCES client_secrets (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_application_tokens_expires_at ON application_tokens (expires_at);
CREATE INDEX ix_application_tokens_secret_id ON application_tokens (secret_id);
CREATE TABLE usage (
	client_id VARCHAR(36) NOT NULL,
	day INTEGER NOT NULL,
	method VARCHAR(10) NOT NULL,
	route TEXT NOT NULL,
	calls BIGINT NOT NULL,
	CONSTRAINT pk_usage PRIMARY KEY (client_id, day, method, route),
	CONSTRAINT fk_usage_client_id_applications FOREIGN KEY(client_id) REFERENCES applications (client_id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_connections_client_id_updated_at_vehicle_id_user_id ON connections (client_id, updated_at, vehicle_id, user_id);
CREATE TABLE readings (
	car_id VARCHAR(36) NOT NULL,
	account_digest BLOB NOT NULL,
	code VARCHAR(100) NOT NULL,
	value TEXT,
	unit TEXT,
	measured_at BIGINT,
	maker_at BIGINT,
	fetched_at BIGINT NOT NULL,
	source VARCHAR(40) NOT NULL,
	problem TEXT,
	problem_at BIGINT, told TEXT,
	CONSTRAINT pk_readings PRIMARY KEY (car_id, account_digest, code),
	CONSTRAINT fk_readings_car_id_cars FOREIGN KEY(car_id) REFERENCES cars (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE webhooks (
	id VARCHAR(36) NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	name TEXT NOT NULL,
	url TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	error_url TEXT,
	triggers TEXT NOT NULL,
	signals TEXT NOT NULL,
	auto_subscribe SMALLINT NOT NULL,
	version VARCHAR(10) NOT NULL,
	form TEXT NOT NULL,
	halt VARCHAR(20),
	failing_since BIGINT,
	CONSTRAINT pk_webhooks PRIMARY KEY (id),
	CONSTRAINT fk_webhooks_client_id_applications FOREIGN KEY(client_id) REFERENCES applications (client_id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_webhooks_client_id_created_at ON webhooks (client_id, created_at);
CREATE TABLE webhook_secrets (
	id VARCHAR(36) NOT NULL,
	webhook_id VARCHAR(36) NOT NULL,
	secret_sealed BLOB NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT,
	CONSTRAINT pk_webhook_secrets PRIMARY KEY (id),
	CONSTRAINT fk_webhook_secrets_webhook_id_webhooks FOREIGN KEY(webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_webhook_secrets_webhook_id ON webhook_secrets (webhook_id);
CREATE TABLE subscriptions (
	id VARCHAR(36) NOT NULL,
	webhook_id VARCHAR(36) NOT NULL,
	vehicle_id VARCHAR(36) NOT NULL,
	user_id VARCHAR(36) NOT NULL,
	created_at BIGINT NOT NULL,
	first SMALLINT NOT NULL,
	scheduled_at BIGINT,
	sequence BIGINT,
	fired_at TEXT NOT NULL,
	CONSTRAINT pk_subscriptions PRIMARY KEY (webhook_id, vehicle_id, user_id),
	CONSTRAINT uq_subscriptions_id UNIQUE (id),
	CONSTRAINT fk_subscriptions_vehicle_id_user_id_connections FOREIGN KEY(vehicle_id, user_id) REFERENCES connections (vehicle_id, user_id) ON DELETE CASCADE,
	CONSTRAINT fk_subscriptions_webhook_id_webhooks FOREIGN KEY(webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_subscriptions_scheduled_at ON subscriptions (scheduled_at);
CREATE INDEX ix_subscriptions_vehicle_id_user_id ON subscriptions (vehicle_id, user_id);
CREATE TABLE history (
	car_id VARCHAR(36) NOT NULL,
	account_digest BLOB NOT NULL,
	code VARCHAR(100) NOT NULL,
	fetched_at BIGINT NOT NULL,
	value TEXT NOT NULL,
	measured_at BIGINT,
	CONSTRAINT pk_history PRIMARY KEY (car_id, account_digest, code, fetched_at),
	CONSTRAINT fk_history_car_id_cars FOREIGN KEY(car_id) REFERENCES cars (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_history_fetched_at ON history (fetched_at);
CREATE TABLE events (
	position BIGINT NOT NULL,
	id VARCHAR(36) NOT NULL,
	car_id VARCHAR(36) NOT NULL,
	account_digest BLOB NOT NULL,
	number BIGINT NOT NULL,
	sequence BIGINT NOT NULL,
	happened_at BIGINT NOT NULL,
	kind VARCHAR(10) NOT NULL,
	detail TEXT NOT NULL,
	webhook_id VARCHAR(36),
	user_id VARCHAR(36),
	shard SMALLINT NOT NULL,
	fanned SMALLINT NOT NULL,
	CONSTRAINT pk_events PRIMARY KEY (position),
	CONSTRAINT fk_events_car_id_cars FOREIGN KEY(car_id) REFERENCES cars (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_events_car_id_account_digest ON events (car_id, account_digest);
CREATE INDEX ix_events_happened_at ON events (happened_at);
CREATE INDEX ix_events_shard_waiting ON events (shard, position) WHERE fanned = 0;
CREATE TABLE deliveries (
	id VARCHAR(36) NOT NULL,
	webhook_id VARCHAR(36) NOT NULL,
	subscription_id VARCHAR(36) NOT NULL,
	vehicle_id VARCHAR(36) NOT NULL,
	user_id VARCHAR(36) NOT NULL,
	kind VARCHAR(20) NOT NULL,
	position BIGINT NOT NULL,
	body BLOB NOT NULL,
	slot INTEGER,
	created_at BIGINT NOT NULL,
	state VARCHAR(10) NOT NULL,
	attempts INTEGER NOT NULL,
	next_at BIGINT,
	status INTEGER,
	problem TEXT,
	CONSTRAINT pk_deliveries PRIMARY KEY (id),
	CONSTRAINT fk_deliveries_webhook_id_webhooks FOREIGN KEY(webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE,
	CONSTRAINT fk_deliveries_subscription_id_subscriptions FOREIGN KEY(subscription_id) REFERENCES subscriptions (id) ON DELETE CASCADE
);
CREATE INDEX ix_deliveries_created_at ON deliveries (created_at);
CREATE INDEX ix_deliveries_dead ON deliveries (webhook_id) WHERE state = 'dead';
CREATE INDEX ix_deliveries_due ON deliveries (webhook_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ix_deliveries_subscription_id ON deliveries (subscription_id);
CREATE INDEX ix_deliveries_webhook_id_created_at ON deliveries (webhook_id, created_at);
CREATE TABLE attempts (
	id VARCHAR(36) NOT NULL,
	delivery_id VARCHAR(36) NOT NULL,
	number INTEGER NOT NULL,
	began_at BIGINT NOT NULL,
	seconds DOUBLE NOT NULL,
	status INTEGER,
	problem TEXT,
	detail TEXT,
	answer TEXT,
	CONSTRAINT pk_attempts PRIMARY KEY (id),
	CONSTRAINT fk_attempts_delivery_id_deliveries FOREIGN KEY(delivery_id) REFERENCES deliveries (id) ON DELETE CASCADE
);
CREATE INDEX ix_attempts_delivery_id ON attempts (delivery_id);
CREATE INDEX ix_connections_poll_at ON connections (poll_at);
CREATE TABLE lookup_answers (
	provider VARCHAR(60) NOT NULL,
	region VARCHAR(2) NOT NULL,
	subject BLOB NOT NULL,
	answer BLOB NOT NULL,
	expires_at BIGINT NOT NULL,
	CONSTRAINT pk_lookup_answers PRIMARY KEY (provider, region, subject)
)
 WITHOUT ROWID;
CREATE INDEX ix_lookup_answers_expires_at ON lookup_answers (expires_at);
CREATE TABLE lookup_costs (
	provider VARCHAR(60) NOT NULL,
	day INTEGER NOT NULL,
	spent BIGINT NOT NULL,
	CONSTRAINT pk_lookup_costs PRIMARY KEY (provider, day)
)
 WITHOUT ROWID;
CREATE TABLE lookup_entries (
	entry_key VARCHAR(32) NOT NULL,
	release_id INTEGER NOT NULL,
	slot INTEGER NOT NULL,
	plate VARCHAR(16) NOT NULL,
	type_id INTEGER NOT NULL,
	rows_count BIGINT NOT NULL,
	rank BIGINT NOT NULL,
	individual TEXT NOT NULL,
	CONSTRAINT pk_lookup_entries PRIMARY KEY (entry_key, release_id, slot)
)
 WITHOUT ROWID;
CREATE INDEX ix_lookup_entries_plate ON lookup_entries (plate) WHERE plate <> '';
CREATE TABLE lookup_prefixes (
	prefix VARCHAR(9) NOT NULL,
	release_id INTEGER NOT NULL,
	type_id INTEGER NOT NULL,
	rows_count BIGINT NOT NULL,
	CONSTRAINT pk_lookup_prefixes PRIMARY KEY (prefix, release_id, type_id)
)
 WITHOUT ROWID;
CREATE TABLE lookup_releases (
	id INTEGER NOT NULL,
	region VARCHAR(2) NOT NULL,
	dataset VARCHAR(60) NOT NULL,
	state VARCHAR(10) NOT NULL,
	release TEXT NOT NULL,
	position BIGINT NOT NULL,
	accepted BIGINT NOT NULL,
	rejected BIGINT NOT NULL,
	CONSTRAINT pk_lookup_releases PRIMARY KEY (id)
);
CREATE TABLE lookup_types (
	release_id INTEGER NOT NULL,
	id INTEGER NOT NULL,
	traits TEXT NOT NULL,
	raw TEXT NOT NULL,
	CONSTRAINT pk_lookup_types PRIMARY KEY (release_id, id)
)
 WITHOUT ROWID;
CREATE TABLE lookup_vehicles (
	region VARCHAR(2) NOT NULL,
	id VARCHAR(40) NOT NULL,
	release_id INTEGER NOT NULL,
	candidate SMALLINT NOT NULL,
	make_key VARCHAR(60) NOT NULL,
	title_key TEXT NOT NULL,
	year INTEGER,
	make TEXT,
	model TEXT,
	badge TEXT,
	series TEXT,
	transmission TEXT,
	body_type TEXT,
	fuel TEXT,
	drive TEXT,
	engine TEXT,
	wheelbase TEXT,
	vehicle TEXT NOT NULL,
	CONSTRAINT pk_lookup_vehicles PRIMARY KEY (region, id, release_id)
)
 WITHOUT ROWID;
CREATE INDEX ix_lookup_vehicles_region_make_key_year ON lookup_vehicles (region, make_key, year);
CREATE TABLE lookup_keys (
	id VARCHAR(36) NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	kind VARCHAR(3) NOT NULL,
	digest BLOB NOT NULL,
	name TEXT NOT NULL,
	shown VARCHAR(20) NOT NULL,
	rights TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	revoked_at BIGINT,
	CONSTRAINT pk_lookup_keys PRIMARY KEY (id),
	CONSTRAINT uq_lookup_keys_digest UNIQUE (digest),
	CONSTRAINT fk_lookup_keys_client_id_applications FOREIGN KEY(client_id) REFERENCES applications (client_id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_lookup_keys_client_id ON lookup_keys (client_id);
CREATE TABLE lookup_records (
	id VARCHAR(36) NOT NULL,
	recorded_at BIGINT NOT NULL,
	client_id VARCHAR(36) NOT NULL,
	key_id VARCHAR(36) NOT NULL,
	product VARCHAR(20) NOT NULL,
	region VARCHAR(2),
	reference_id TEXT,
	features TEXT NOT NULL,
	status INTEGER NOT NULL,
	outcome VARCHAR(10) NOT NULL,
	billable SMALLINT NOT NULL,
	latency_us BIGINT NOT NULL,
	subject VARCHAR(64),
	CONSTRAINT pk_lookup_records PRIMARY KEY (id),
	CONSTRAINT fk_lookup_records_client_id_applications FOREIGN KEY(client_id) REFERENCES applications (client_id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_lookup_records_client_id_recorded_at ON lookup_records (client_id, recorded_at);
CREATE TABLE lookup_quotas (
	key_id VARCHAR(36) NOT NULL,
	month INTEGER NOT NULL,
	used BIGINT NOT NULL,
	CONSTRAINT pk_lookup_quotas PRIMARY KEY (key_id, month),
	CONSTRAINT fk_lookup_quotas_key_id_lookup_keys FOREIGN KEY(key_id) REFERENCES lookup_keys (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE TABLE lookup_tokens (
	digest BLOB NOT NULL,
	key_id VARCHAR(36) NOT NULL,
	expires_at BIGINT NOT NULL,
	CONSTRAINT pk_lookup_tokens PRIMARY KEY (digest),
	CONSTRAINT fk_lookup_tokens_key_id_lookup_keys FOREIGN KEY(key_id) REFERENCES lookup_keys (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_lookup_tokens_expires_at ON lookup_tokens (expires_at);
CREATE INDEX ix_lookup_tokens_key_id ON lookup_tokens (key_id);
CREATE INDEX ix_commands_vehicle_id ON commands (vehicle_id);
INSERT INTO alembic_version (version_num) VALUES ('0006');
