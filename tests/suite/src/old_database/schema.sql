-- The tables of the service that the product replaces, as far as its importer reads them. Made-up data only.

CREATE TABLE empresas (
    id varchar(50) PRIMARY KEY,
    nombre varchar(100) NOT NULL,
    contacto_email varchar(100),
    contacto_telefono varchar(20),
    logo_url varchar(255),
    conekta_private_key varchar(100) NOT NULL,
    conekta_public_key varchar(100) NOT NULL,
    conekta_mode varchar(10) DEFAULT 'test',
    mercado_pago_access_token varchar(255),
    mercado_pago_public_key varchar(255),
    mercado_pago_mode varchar(20) DEFAULT 'test',
    mercado_pago_webhook_secret varchar(255),
    telegram_bot_token varchar(255),
    telegram_chat_id varchar(50),
    notificaciones_telegram boolean DEFAULT false,
    activa boolean DEFAULT true,
    creada_en timestamp DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE usuarios (
    id serial PRIMARY KEY,
    rol varchar(20) NOT NULL CHECK (rol IN ('super_admin', 'cliente_admin')),
    empresa_id varchar(50) REFERENCES empresas (id),
    email varchar(100) UNIQUE NOT NULL,
    password_hash varchar(255) NOT NULL,
    nombre varchar(100) NOT NULL,
    activo boolean DEFAULT true,
    ultimo_login timestamp,
    creado_en timestamp DEFAULT CURRENT_TIMESTAMP,
    CHECK ((rol = 'cliente_admin') = (empresa_id IS NOT NULL))
);

CREATE TABLE routers (
    id varchar(50) PRIMARY KEY,
    empresa_id varchar(50) NOT NULL REFERENCES empresas (id),
    nombre varchar(100) NOT NULL,
    host varchar(50) NOT NULL,
    puerto integer DEFAULT 8728,
    usuario varchar(50) NOT NULL,
    password_encrypted text NOT NULL,
    ubicacion varchar(200),
    api_key_hash varchar(64) UNIQUE NOT NULL,
    activo boolean DEFAULT true,
    creado_en timestamp DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (empresa_id, id)
);

CREATE TABLE productos (
    id serial PRIMARY KEY,
    empresa_id varchar(50) NOT NULL REFERENCES empresas (id),
    router_id varchar(50) NOT NULL,
    perfil_mikrotik_id varchar(100) NOT NULL,
    perfil_mikrotik_nombre varchar(100) NOT NULL,
    nombre_venta varchar(100) NOT NULL,
    descripcion text,
    imagen_url varchar(500),
    precio numeric(10, 2) NOT NULL,
    moneda varchar(3) DEFAULT 'MXN',
    detalles jsonb DEFAULT '[]',
    activo boolean DEFAULT true,
    orden_visual integer DEFAULT 0,
    destacado boolean DEFAULT false,
    creado_en timestamp DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (empresa_id, router_id, perfil_mikrotik_id),
    FOREIGN KEY (empresa_id, router_id) REFERENCES routers (empresa_id, id)
);

CREATE TABLE api_keys_tracking (
    key_id varchar(50) PRIMARY KEY,
    empresa_id varchar(50) NOT NULL REFERENCES empresas (id),
    router_id varchar(50) NOT NULL REFERENCES routers (id),
    key_hash varchar(64) UNIQUE NOT NULL,
    issued_at timestamp NOT NULL,
    expires_at timestamp NOT NULL,
    revoked boolean DEFAULT false,
    last_used timestamp,
    use_count integer DEFAULT 0
);

CREATE TABLE transacciones (
    id serial PRIMARY KEY,
    transaccion_id varchar(100) UNIQUE,
    external_reference varchar(256) UNIQUE,
    empresa_id varchar(50) NOT NULL REFERENCES empresas (id),
    router_id varchar(50) NOT NULL REFERENCES routers (id),
    producto_id integer REFERENCES productos (id),
    monto numeric(10, 2) NOT NULL,
    moneda varchar(3) DEFAULT 'MXN',
    cliente_nombre varchar(100),
    cliente_email varchar(100),
    cliente_telefono varchar(20),
    usuario_hotspot varchar(50),
    password_hotspot varchar(50),
    expiracion_hotspot timestamp,
    estado_pago varchar(20) DEFAULT 'pending',
    estado_hotspot varchar(20) DEFAULT 'pending',
    notification_id varchar(100),
    webhook_processed boolean DEFAULT false,
    metadata_json jsonb DEFAULT '{}',
    api_key_usada varchar(64),
    creada_en timestamp DEFAULT CURRENT_TIMESTAMP,
    pagada_en timestamp,
    usuario_creado_en timestamp,
    webhook_received_at timestamp
);
CREATE INDEX ON transacciones (empresa_id);
CREATE INDEX ON transacciones (router_id);
CREATE INDEX ON transacciones (creada_en);
