SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.clock (
    id integer NOT NULL,
    seconds double precision NOT NULL,
    imports integer NOT NULL
);
CREATE SEQUENCE public.clock_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.clock_id_seq OWNED BY public.clock.id;
CREATE TABLE public.corrections (
    item integer NOT NULL,
    track character varying NOT NULL,
    mentions text,
    covers text NOT NULL,
    verdict character varying,
    reviewer character varying NOT NULL,
    note text NOT NULL,
    head integer NOT NULL,
    project integer
);
CREATE TABLE public.documents (
    id integer NOT NULL,
    project integer NOT NULL,
    name character varying NOT NULL,
    text text,
    attributes text,
    relations text,
    source character varying NOT NULL,
    is_test boolean NOT NULL,
    erased integer
);
CREATE SEQUENCE public.documents_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.documents_id_seq OWNED BY public.documents.id;
CREATE TABLE public.facets (
    project integer NOT NULL,
    facet character varying NOT NULL,
    value character varying NOT NULL,
    item integer NOT NULL
);
CREATE TABLE public.items (
    id integer NOT NULL,
    project integer NOT NULL,
    document integer NOT NULL,
    start integer NOT NULL,
    "end" integer NOT NULL,
    tokens text,
    covers text,
    status character varying NOT NULL,
    is_test boolean NOT NULL,
    priority double precision NOT NULL,
    reasons text NOT NULL,
    claimed_by character varying NOT NULL,
    claimed_until double precision NOT NULL
);
CREATE SEQUENCE public.items_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.items_id_seq OWNED BY public.items.id;
CREATE TABLE public.layers (
    item integer NOT NULL,
    layer character varying NOT NULL,
    model character varying NOT NULL,
    schema character varying NOT NULL,
    mentions text NOT NULL,
    added integer NOT NULL
);
CREATE TABLE public.projects (
    id integer NOT NULL,
    name character varying NOT NULL,
    types text NOT NULL,
    covers text NOT NULL,
    guidelines text NOT NULL,
    reviewers text NOT NULL,
    independent boolean NOT NULL
);
CREATE SEQUENCE public.projects_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.projects_id_seq OWNED BY public.projects.id;
CREATE TABLE public.revisions (
    seq integer NOT NULL,
    op character varying NOT NULL,
    kind character varying NOT NULL,
    document integer NOT NULL,
    start integer NOT NULL,
    "end" integer NOT NULL,
    track character varying NOT NULL,
    surface text,
    before text,
    after text,
    previous text NOT NULL,
    is_correction boolean NOT NULL,
    covers text NOT NULL,
    verdict character varying,
    reviewer character varying NOT NULL,
    note text,
    model character varying NOT NULL,
    schema character varying NOT NULL,
    base integer NOT NULL,
    batch character varying NOT NULL,
    session character varying NOT NULL,
    target integer NOT NULL,
    recorded character varying NOT NULL
);
CREATE SEQUENCE public.revisions_seq_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.revisions_seq_seq OWNED BY public.revisions.seq;
ALTER TABLE ONLY public.clock ALTER COLUMN id SET DEFAULT nextval('public.clock_id_seq'::regclass);
ALTER TABLE ONLY public.documents ALTER COLUMN id SET DEFAULT nextval('public.documents_id_seq'::regclass);
ALTER TABLE ONLY public.items ALTER COLUMN id SET DEFAULT nextval('public.items_id_seq'::regclass);
ALTER TABLE ONLY public.projects ALTER COLUMN id SET DEFAULT nextval('public.projects_id_seq'::regclass);
ALTER TABLE ONLY public.revisions ALTER COLUMN seq SET DEFAULT nextval('public.revisions_seq_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.clock VALUES (1, 1795653345.106971, 4);
INSERT INTO public.corrections VALUES (1, '', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 0', 1, 1);
INSERT INTO public.corrections VALUES (2, '', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 0', 2, 1);
INSERT INTO public.corrections VALUES (3, '', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[78,83]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 0', 3, 1);
INSERT INTO public.corrections VALUES (7, '', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 2', 6, 1);
INSERT INTO public.corrections VALUES (8, '', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 2', 7, 1);
INSERT INTO public.corrections VALUES (9, '', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[78,83]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 2', 8, 1);
INSERT INTO public.corrections VALUES (13, '', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 4', 11, 1);
INSERT INTO public.corrections VALUES (14, '', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 4', 12, 1);
INSERT INTO public.corrections VALUES (15, '', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[78,83]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 4', 13, 1);
INSERT INTO public.corrections VALUES (22, '', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 7', 19, 1);
INSERT INTO public.corrections VALUES (23, '', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 7', 20, 1);
INSERT INTO public.corrections VALUES (5, '', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 1', 23, 1);
INSERT INTO public.corrections VALUES (6, '', '[{"at":[[78,81],[88,91]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', '', 27, 1);
INSERT INTO public.corrections VALUES (10, '', '[]', '["Disease","Gene"]', 'reject', 'ann', '', 28, 1);
INSERT INTO public.corrections VALUES (12, '', '[]', '["Disease","Gene"]', 'reject', 'ann', '', 32, 1);
INSERT INTO public.corrections VALUES (11, '', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 3', 33, 1);
INSERT INTO public.corrections VALUES (34, '', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"},{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', NULL, 'ann', '', 35, 1);
INSERT INTO public.corrections VALUES (4, '', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'ann', 'case 1', 37, 1);
INSERT INTO public.corrections VALUES (25, 'bob', '[{"at":[[12,17]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'bob', '', 38, 2);
INSERT INTO public.corrections VALUES (26, 'bob', '[{"at":[[51,56]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'bob', '', 39, 2);
INSERT INTO public.corrections VALUES (27, 'bob', '[{"at":[[90,95]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'bob', '', 40, 2);
INSERT INTO public.corrections VALUES (25, 'cy', '[{"at":[[12,17]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'cy', '', 41, 2);
INSERT INTO public.corrections VALUES (26, 'cy', '[{"at":[[51,56]],"label":"Chemical","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'cy', '', 42, 2);
INSERT INTO public.corrections VALUES (27, 'cy', '[{"at":[[90,95]],"label":"Chemical","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'cy', '', 43, 2);
INSERT INTO public.corrections VALUES (26, '', '[{"at":[[51,56]],"label":"Gene","status":"reviewed"}]', '["Disease","Gene"]', 'correct', 'bob', '', 44, 2);
INSERT INTO public.documents VALUES (1, 1, 'd0', 'TNF-α 🧬 and BRCA0 in case 0 cause flu. TNF-α 🧬 and BRCA1 in case 0 cause flu. TNF-α 🧬 and BRCA2 in case 0 cause flu.', '[]', '[]', '', true, NULL);
INSERT INTO public.documents VALUES (2, 1, 'd1', 'TNF-α 🧬 and BRCA0 in case 1 cause flu. TNF-α 🧬 and BRCA1 in case 1 cause flu. TNF-α 🧬 and BRCA2 in case 1 cause flu.', '[]', '[]', '', true, NULL);
INSERT INTO public.documents VALUES (3, 1, 'd2', 'TNF-α 🧬 and BRCA0 in case 2 cause flu. TNF-α 🧬 and BRCA1 in case 2 cause flu. TNF-α 🧬 and BRCA2 in case 2 cause flu.', '[]', '[]', '', false, NULL);
INSERT INTO public.documents VALUES (4, 1, 'd3', 'TNF-α 🧬 and BRCA0 in case 3 cause flu. TNF-α 🧬 and BRCA1 in case 3 cause flu. TNF-α 🧬 and BRCA2 in case 3 cause flu.', '[]', '[]', '', true, NULL);
INSERT INTO public.documents VALUES (5, 1, 'd4', 'TNF-α 🧬 and BRCA0 in case 4 cause flu. TNF-α 🧬 and BRCA1 in case 4 cause flu. TNF-α 🧬 and BRCA2 in case 4 cause flu.', '[]', '[]', '', false, NULL);
INSERT INTO public.documents VALUES (6, 1, 'd5', 'TNF-α 🧬 and BRCA0 in case 5 cause flu. TNF-α 🧬 and BRCA1 in case 5 cause flu. TNF-α 🧬 and BRCA2 in case 5 cause flu.', '[]', '[]', '', false, NULL);
INSERT INTO public.documents VALUES (8, 1, 'd7', 'TNF-α 🧬 and BRCA0 in case 7 cause flu. TNF-α 🧬 and BRCA1 in case 7 cause flu. TNF-α 🧬 and BRCA2 in case 7 cause flu.', '[]', '[]', '', false, NULL);
INSERT INTO public.documents VALUES (9, 2, 'd0', 'TNF-α 🧬 and BRCA0 in case 0 cause flu. TNF-α 🧬 and BRCA1 in case 0 cause flu. TNF-α 🧬 and BRCA2 in case 0 cause flu.', '[]', '[]', '', true, NULL);
INSERT INTO public.documents VALUES (10, 2, 'd1', 'TNF-α 🧬 and BRCA0 in case 1 cause flu. TNF-α 🧬 and BRCA1 in case 1 cause flu. TNF-α 🧬 and BRCA2 in case 1 cause flu.', '[]', '[]', '', true, NULL);
INSERT INTO public.documents VALUES (11, 1, 'g1', 'Aspirin for flu. Nothing here.', '[["source","by hand"]]', '[]', 'by hand', false, NULL);
INSERT INTO public.documents VALUES (12, 1, 'AnatEM/test/7:0-22', 'Loss of TP53 matters .', '[["corpus","AnatEM"],["split","test"]]', '[]', '', false, NULL);
INSERT INTO public.documents VALUES (7, 1, 'd6', NULL, NULL, NULL, '', false, 36);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 1);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 2);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 3);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 6);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 7);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 8);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 9);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 13);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 14);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 15);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 18);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 22);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 23);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 24);
INSERT INTO public.facets VALUES (2, 'label', 'Gene', 25);
INSERT INTO public.facets VALUES (2, 'label', 'Gene', 26);
INSERT INTO public.facets VALUES (2, 'label', 'Gene', 27);
INSERT INTO public.facets VALUES (2, 'label', 'Gene', 28);
INSERT INTO public.facets VALUES (2, 'label', 'Gene', 29);
INSERT INTO public.facets VALUES (2, 'label', 'Gene', 30);
INSERT INTO public.facets VALUES (1, 'label', 'Chemical', 31);
INSERT INTO public.facets VALUES (1, 'label', 'Disease', 31);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 33);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 5);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 4);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 11);
INSERT INTO public.facets VALUES (1, 'label', 'Gene', 34);
INSERT INTO public.facets VALUES (1, 'reason', 'doubt', 18);
INSERT INTO public.facets VALUES (1, 'reason', 'rare', 18);
INSERT INTO public.facets VALUES (1, 'reason', 'doubt', 24);
INSERT INTO public.facets VALUES (1, 'reason', 'rare', 24);
INSERT INTO public.facets VALUES (1, 'reason', 'doubt', 31);
INSERT INTO public.facets VALUES (1, 'reason', 'rare', 31);
INSERT INTO public.facets VALUES (1, 'reason', 'doubt', 32);
INSERT INTO public.facets VALUES (1, 'reason', 'rare', 32);
INSERT INTO public.facets VALUES (1, 'reason', 'doubt', 33);
INSERT INTO public.facets VALUES (1, 'reason', 'rare', 33);
INSERT INTO public.items VALUES (25, 2, 9, 0, 38, NULL, NULL, 'waiting', true, 0, '[]', '', 0);
INSERT INTO public.items VALUES (27, 2, 9, 78, 116, NULL, NULL, 'waiting', true, 0, '[]', '', 0);
INSERT INTO public.items VALUES (28, 2, 10, 0, 38, NULL, NULL, 'waiting', true, 0, '[]', '', 0);
INSERT INTO public.items VALUES (29, 2, 10, 39, 77, NULL, NULL, 'waiting', true, 0, '[]', '', 0);
INSERT INTO public.items VALUES (30, 2, 10, 78, 116, NULL, NULL, 'waiting', true, 0, '[]', '', 0);
INSERT INTO public.items VALUES (1, 1, 1, 0, 38, NULL, NULL, 'done', true, 0, '[]', 'ann', 1795653942.7854362);
INSERT INTO public.items VALUES (34, 1, 6, 0, 77, NULL, NULL, 'open', false, 0, '[]', '', 0);
INSERT INTO public.items VALUES (2, 1, 1, 39, 77, NULL, NULL, 'done', true, 0, '[]', 'ann', 1795653942.8963125);
INSERT INTO public.items VALUES (18, 1, 6, 78, 116, NULL, NULL, 'waiting', false, 1, '[["doubt",0.8],["rare",0.25]]', '', 0);
INSERT INTO public.items VALUES (3, 1, 1, 78, 116, NULL, NULL, 'done', true, 0, '[]', 'ann', 1795653942.965464);
INSERT INTO public.items VALUES (24, 1, 8, 78, 116, NULL, NULL, 'waiting', false, 0.5, '[["doubt",0.8],["rare",0.25]]', '', 0);
INSERT INTO public.items VALUES (4, 1, 2, 0, 38, NULL, NULL, 'done', true, 0, '[]', 'ann', 1795653943.0632403);
INSERT INTO public.items VALUES (31, 1, 11, 0, 16, NULL, NULL, 'waiting', false, 0.3333333333333333, '[["doubt",0.8],["rare",0.25]]', '', 0);
INSERT INTO public.items VALUES (32, 1, 11, 17, 30, NULL, NULL, 'waiting', false, 0.25, '[["doubt",0.8],["rare",0.25]]', '', 0);
INSERT INTO public.items VALUES (7, 1, 3, 0, 38, NULL, NULL, 'done', false, 0, '[]', 'ann', 1795653943.2696211);
INSERT INTO public.items VALUES (33, 1, 12, 0, 22, '[[0,4],[5,7],[8,12],[13,20],[21,22]]', '["Gene"]', 'waiting', false, 0.2, '[["doubt",0.8],["rare",0.25]]', '', 0);
INSERT INTO public.items VALUES (8, 1, 3, 39, 77, NULL, NULL, 'done', false, 0, '[]', 'ann', 1795653943.335068);
INSERT INTO public.items VALUES (26, 2, 9, 39, 77, NULL, NULL, 'done', true, 0, '[]', '', 0);
INSERT INTO public.items VALUES (9, 1, 3, 78, 116, NULL, NULL, 'done', false, 0, '[]', 'ann', 1795653943.3736832);
INSERT INTO public.items VALUES (11, 1, 4, 39, 77, NULL, NULL, 'done', true, 0, '[]', 'ann', 1795653943.471768);
INSERT INTO public.items VALUES (13, 1, 5, 0, 38, NULL, NULL, 'done', false, 0, '[]', 'ann', 1795653943.5080364);
INSERT INTO public.items VALUES (14, 1, 5, 39, 77, NULL, NULL, 'done', false, 0, '[]', 'ann', 1795653943.559345);
INSERT INTO public.items VALUES (15, 1, 5, 78, 116, NULL, NULL, 'done', false, 0, '[]', 'ann', 1795653943.6407254);
INSERT INTO public.items VALUES (22, 1, 8, 0, 38, NULL, NULL, 'done', false, 0, '[]', 'ann', 1795653944.8894787);
INSERT INTO public.items VALUES (23, 1, 8, 39, 77, NULL, NULL, 'done', false, 0, '[]', 'ann', 1795653945.106971);
INSERT INTO public.items VALUES (5, 1, 2, 39, 77, NULL, NULL, 'done', true, 0, '[]', 'ann', 1795653943.2110915);
INSERT INTO public.items VALUES (6, 1, 2, 78, 116, NULL, NULL, 'done', true, 0, '[]', '', 0);
INSERT INTO public.items VALUES (10, 1, 4, 0, 38, NULL, NULL, 'rejected', true, 0, '[]', 'ann', 1795653943.4242306);
INSERT INTO public.items VALUES (12, 1, 4, 78, 116, NULL, NULL, 'rejected', true, 0, '[]', '', 0);
INSERT INTO public.layers VALUES (1, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (2, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (3, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (4, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (5, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (6, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (7, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (8, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (9, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (10, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (11, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (12, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (13, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (14, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (15, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (18, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (22, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (23, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (24, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.layers VALUES (25, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 2);
INSERT INTO public.layers VALUES (26, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 2);
INSERT INTO public.layers VALUES (27, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 2);
INSERT INTO public.layers VALUES (28, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 2);
INSERT INTO public.layers VALUES (29, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 2);
INSERT INTO public.layers VALUES (30, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 2);
INSERT INTO public.layers VALUES (31, 'gold', '', '', '[{"at":[[0,7]],"label":"Chemical"},{"at":[[12,15]],"label":"Disease"}]', 3);
INSERT INTO public.layers VALUES (32, 'gold', '', '', '[]', 3);
INSERT INTO public.layers VALUES (33, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[8,12]],"label":"Gene","source":"GGP","status":"predicted","score":0.7}]', 4);
INSERT INTO public.layers VALUES (34, 'prediction', 'tiny', '0123456789abcdef', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', 1);
INSERT INTO public.projects VALUES (1, 'clinic', '["Gene","Disease","Chemical"]', '["Disease","Gene"]', '[["Gene","Mark the symbol, not the word gene."]]', '[["ann","curator"],["bob","reviewer"],["eve","reader"]]', false);
INSERT INTO public.projects VALUES (2, 'double', '["Gene","Disease","Chemical"]', '["Disease","Gene"]', '[]', '[["ann","curator"],["bob","reviewer"],["eve","reader"],["cy","curator"]]', true);
INSERT INTO public.revisions VALUES (1, 'abd37b25d77342e88fe2a5a2f73c97e7', 'edit', 1, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 0 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 0', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:42+00:00');
INSERT INTO public.revisions VALUES (2, 'fae40329cd2b49f6974e802a10ae94bb', 'edit', 1, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 0 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 0', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:42+00:00');
INSERT INTO public.revisions VALUES (3, '750aac1519ed4346996b0ceb5e24c73b', 'edit', 1, 78, 116, '', 'TNF-α 🧬 and BRCA2 in case 0 cause flu.', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[78,83]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 0', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (4, '3f0dc7729fd64f65a76fabd51c360d33', 'edit', 2, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 1 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 1', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (5, 'e5c3408bdf0a4f99aef5e9c66c9ef801', 'edit', 2, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 1 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 1', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (6, '1aa5633d38344784ba9e80fcd85ef986', 'edit', 3, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 2 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 2', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (7, 'a3b9c8631efe4bc398eda2e3fd3ea2bd', 'edit', 3, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 2 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 2', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (8, '74893ee9ef9e406790c75b087ad48e93', 'edit', 3, 78, 116, '', 'TNF-α 🧬 and BRCA2 in case 2 cause flu.', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[78,83]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 2', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (9, '826a8900c9434ca7beb8f1a4b8e55211', 'edit', 4, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 3 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 3', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (10, 'a7a260a5d604478795ae592c360faaf2', 'edit', 4, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 3 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 3', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (11, '1f1a1ca1fe0f4fc7b375af597a22d9f9', 'edit', 5, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 4 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 4', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (12, '0bb0d6ba85dd492b98765a3190b9efb9', 'edit', 5, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 4 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 4', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (13, '973c0c51cbe345e1baa7de3166115218', 'edit', 5, 78, 116, '', 'TNF-α 🧬 and BRCA2 in case 4 cause flu.', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[78,83]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 4', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (29, '4576f261e53f428cb87390374df9ca37', 'edit', 4, 78, 116, '', 'TNF-α 🧬 and BRCA2 in case 3 cause flu.', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'reject', 'ann', '', '', '', 0, 'batch-1', '', 0, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (14, '0a6310d4a4f548cd8f1a1087fbaf1ff9', 'edit', 6, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 5 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 5', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:43+00:00');
INSERT INTO public.revisions VALUES (15, '1a77b70a2cc646f8b828dfebb36be6a6', 'edit', 6, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 5 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 5', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:44+00:00');
INSERT INTO public.revisions VALUES (19, '5584c2105ce24cf6a60523df5ec0c3df', 'edit', 8, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 7 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 7', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (20, 'fcb4bb3d32484362946c240354f20dec', 'edit', 8, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 7 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 7', '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (21, 'b65bd32d4565488bacb1a0935a34c75d', 'edit', 2, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 1 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '[{"at":[[0,5]],"label":"Gene","status":"reviewed"},{"at":[[0,3]],"label":"Chemical","status":"reviewed"}]', '{"corrected": true, "covers": ["Disease", "Gene"], "verdict": "correct", "note": "case 1", "reviewer": "ann"}', true, '["Chemical","Disease","Gene"]', 'correct', 'bob', '', '', '', 4, '', '', 0, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (22, '760c6da82fd24877bbb286a37ad7790a', 'edit', 2, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 1 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '[]', '{"corrected": true, "covers": ["Disease", "Gene"], "verdict": "correct", "note": "case 1", "reviewer": "ann"}', true, '["Disease","Gene"]', 'unsure', 'bob', 'ask Ann', '', '', 5, '', '', 0, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (23, 'b568a58921e147249ad9a6b20f8a8b06:0', 'undo', 2, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 1 cause flu.', '[]', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '{"corrected": true, "covers": ["Disease", "Gene"], "verdict": "unsure", "note": "ask Ann", "reviewer": "bob"}', true, '["Disease","Gene"]', 'correct', 'bob', 'case 1', '', '', 22, '', '', 22, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (24, 'e2cca9cd7cbb4c82ba91734f1106ce10', 'edit', 2, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 1 cause flu.', '[{"at":[[0,5]],"label":"Gene","status":"reviewed"},{"at":[[0,3]],"label":"Chemical","status":"reviewed"}]', '[{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '{"corrected": true, "covers": ["Chemical", "Disease", "Gene"], "verdict": "correct", "note": "", "reviewer": "bob"}', true, '["Chemical","Disease","Gene"]', 'correct', 'ann', '', '', '', 21, '', '', 0, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (25, '72b4c53749744c3c8ca396f3bbaa1cdf:0', 'undo', 2, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 1 cause flu.', '[{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '[{"at":[[0,5]],"label":"Gene","status":"reviewed"},{"at":[[0,3]],"label":"Chemical","status":"reviewed"}]', '{"corrected": true, "covers": ["Chemical", "Disease", "Gene"], "verdict": "correct", "note": "", "reviewer": "ann"}', true, '["Chemical","Disease","Gene"]', 'correct', 'ann', '', '', '', 24, '', '', 24, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (26, 'c4bcbe8ffb6245a48aa940f0ad23f87e:0', 'redo', 2, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 1 cause flu.', '[{"at":[[0,5]],"label":"Gene","status":"reviewed"},{"at":[[0,3]],"label":"Chemical","status":"reviewed"}]', '[{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '{"corrected": true, "covers": ["Chemical", "Disease", "Gene"], "verdict": "correct", "note": "", "reviewer": "bob"}', true, '["Chemical","Disease","Gene"]', 'correct', 'ann', '', '', '', 25, '', '', 25, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (27, 'ca3dca344a2744b9b9d20a5b8ec09583', 'edit', 2, 78, 116, '', 'TNF-α 🧬 and BRCA2 in case 1 cause flu.', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[78,81],[88,91]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', '', '', '', 0, '', '', 0, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (28, 'c0fcf73dd9b74f50bf243cc429a76cb8', 'edit', 4, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 3 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '[]', '{"corrected": true, "covers": ["Disease", "Gene"], "verdict": "correct", "note": "case 3", "reviewer": "ann"}', true, '["Disease","Gene"]', 'reject', 'ann', '', '', '', 9, 'batch-1', '', 0, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (30, '0db16e0c78e24bab9d3db7e1780ee50f', 'edit', 4, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 3 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '[]', '{"corrected": true, "covers": ["Disease", "Gene"], "verdict": "correct", "note": "case 3", "reviewer": "ann"}', true, '["Disease","Gene"]', 'accept', 'ann', '', '', '', 10, 'batch-2', '', 0, '2026-11-26T00:35:45+00:00');
INSERT INTO public.revisions VALUES (31, 'a2f9c543d1b74358a27e25e2eac69f26', 'edit', 4, 78, 116, '', 'TNF-α 🧬 and BRCA2 in case 3 cause flu.', '[]', '[]', '{"corrected": true, "covers": ["Disease", "Gene"], "verdict": "reject", "note": "", "reviewer": "ann"}', true, '["Disease","Gene"]', 'accept', 'ann', '', '', '', 29, 'batch-2', '', 0, '2026-11-26T00:35:46+00:00');
INSERT INTO public.revisions VALUES (32, 'undo-of-batch-2:0', 'undo', 4, 78, 116, '', 'TNF-α 🧬 and BRCA2 in case 3 cause flu.', '[]', '[]', '{"corrected": true, "covers": ["Disease", "Gene"], "verdict": "accept", "note": "", "reviewer": "ann"}', true, '["Disease","Gene"]', 'reject', 'ann', '', '', '', 31, 'undo-of-batch-2', '', 31, '2026-11-26T00:35:46+00:00');
INSERT INTO public.revisions VALUES (33, 'undo-of-batch-2:1', 'undo', 4, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 3 cause flu.', '[]', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '{"corrected": true, "covers": ["Disease", "Gene"], "verdict": "accept", "note": "", "reviewer": "ann"}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 3', '', '', 30, 'undo-of-batch-2', '', 30, '2026-11-26T00:35:46+00:00');
INSERT INTO public.revisions VALUES (34, '27541dd1426a4c069c7538d913a8335d', 'resplit', 6, 0, 116, '', '', NULL, NULL, '{}', false, '[]', NULL, 'ann', 'sentences 0-38, 39-77, 78-116 became 0-77, 78-116', '', '', 0, '', '', 0, '2026-11-26T00:35:46+00:00');
INSERT INTO public.revisions VALUES (35, '27541dd1426a4c069c7538d913a8335d:34:', 'resplit', 6, 0, 77, '', 'TNF-α 🧬 and BRCA0 in case 5 cause flu. TNF-α 🧬 and BRCA1 in case 5 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"},{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[39,44]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', NULL, 'ann', '', '', '', 0, '', '', 34, '2026-11-26T00:35:46+00:00');
INSERT INTO public.revisions VALUES (16, '345c184455d046378df8113b735df9e8', 'edit', 7, 0, 38, '', NULL, NULL, NULL, '{}', true, '["Disease","Gene"]', 'correct', 'ann', NULL, '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:44+00:00');
INSERT INTO public.revisions VALUES (36, '352d6fbcac0e4b1097ee618ba0747506', 'erase', 7, 0, 116, '', NULL, NULL, NULL, '{}', false, '[]', NULL, 'ann', NULL, '', '', 0, '', '', 0, '2026-11-26T00:35:46+00:00');
INSERT INTO public.revisions VALUES (17, 'eaee4241022346228a99157a36b08108', 'edit', 7, 39, 77, '', NULL, NULL, NULL, '{}', true, '["Disease","Gene"]', 'correct', 'ann', NULL, '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:44+00:00');
INSERT INTO public.revisions VALUES (18, '8bb1f522238e4bce9e448c913bac0c26', 'edit', 7, 78, 116, '', NULL, NULL, NULL, '{}', true, '["Disease","Gene"]', 'correct', 'ann', NULL, '', '0123456789abcdef', 0, '', '', 0, '2026-11-26T00:35:44+00:00');
INSERT INTO public.revisions VALUES (37, '646fbadbaded404480569d4b19e4b4ac', 'restore', 2, 0, 38, '', 'TNF-α 🧬 and BRCA0 in case 1 cause flu.', '[{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]},{"at":[[0,5]],"label":"Gene","status":"reviewed"}]', '{"corrected": true, "covers": ["Chemical", "Disease", "Gene"], "verdict": "correct", "note": "", "reviewer": "ann"}', true, '["Disease","Gene"]', 'correct', 'ann', 'case 1', '', '0123456789abcdef', 26, '', '', 4, '2026-11-26T00:35:46+00:00');
INSERT INTO public.revisions VALUES (38, '7e2cc94a4cae4cbcbac966888a790f1b', 'edit', 9, 0, 38, 'bob', 'TNF-α 🧬 and BRCA0 in case 0 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[12,17]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'bob', '', '', '', 0, '', '', 0, '2026-11-26T00:35:46+00:00');
INSERT INTO public.revisions VALUES (39, 'fcbcc8b5d0c549fc87e85c0e95e408e8', 'edit', 9, 39, 77, 'bob', 'TNF-α 🧬 and BRCA1 in case 0 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[51,56]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'bob', '', '', '', 0, '', '', 0, '2026-11-26T00:35:46+00:00');
INSERT INTO public.revisions VALUES (40, '6bb81c765eb64b8fb0c4e8d1cf45b285', 'edit', 9, 78, 116, 'bob', 'TNF-α 🧬 and BRCA2 in case 0 cause flu.', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[90,95]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'bob', '', '', '', 0, '', '', 0, '2026-11-26T00:35:46+00:00');
INSERT INTO public.revisions VALUES (41, '1d8c34a70d8e43f1ade8ec5e4165d310', 'edit', 9, 0, 38, 'cy', 'TNF-α 🧬 and BRCA0 in case 0 cause flu.', '[{"at":[[12,17]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[12,17]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'cy', '', '', '', 0, '', '', 0, '2026-11-26T00:35:47+00:00');
INSERT INTO public.revisions VALUES (42, '67cdcb13c8314fce8566bc3a0ee2a576', 'edit', 9, 39, 77, 'cy', 'TNF-α 🧬 and BRCA1 in case 0 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[51,56]],"label":"Chemical","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'cy', '', '', '', 0, '', '', 0, '2026-11-26T00:35:47+00:00');
INSERT INTO public.revisions VALUES (43, 'f81c8de216cf45828e1927bb4a9b7336', 'edit', 9, 78, 116, 'cy', 'TNF-α 🧬 and BRCA2 in case 0 cause flu.', '[{"at":[[90,95]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[90,95]],"label":"Chemical","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'cy', '', '', '', 0, '', '', 0, '2026-11-26T00:35:47+00:00');
INSERT INTO public.revisions VALUES (44, '8b980ff18b284593871fdcddb77a9422', 'adjudicate', 9, 39, 77, '', 'TNF-α 🧬 and BRCA1 in case 0 cause flu.', '[{"at":[[51,56]],"label":"Gene","status":"predicted","score":0.9,"alternatives":[["Chemical",0.1]]}]', '[{"at":[[51,56]],"label":"Gene","status":"reviewed"}]', '{"corrected": false, "covers": ["Disease", "Gene"], "verdict": null, "note": "", "reviewer": ""}', true, '["Disease","Gene"]', 'correct', 'ann', '', '', '', 0, '', '', 39, '2026-11-26T00:35:47+00:00');
SELECT pg_catalog.setval('public.clock_id_seq', 1, false);
SELECT pg_catalog.setval('public.documents_id_seq', 12, true);
SELECT pg_catalog.setval('public.items_id_seq', 34, true);
SELECT pg_catalog.setval('public.projects_id_seq', 2, true);
SELECT pg_catalog.setval('public.revisions_seq_seq', 44, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.clock
    ADD CONSTRAINT clock_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.corrections
    ADD CONSTRAINT corrections_pkey PRIMARY KEY (item, track);
ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_project_name_key UNIQUE (project, name);
ALTER TABLE ONLY public.facets
    ADD CONSTRAINT facets_pkey PRIMARY KEY (project, facet, value, item);
ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.layers
    ADD CONSTRAINT layers_pkey PRIMARY KEY (item, layer, model);
ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_name_key UNIQUE (name);
ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.revisions
    ADD CONSTRAINT revisions_op_key UNIQUE (op);
ALTER TABLE ONLY public.revisions
    ADD CONSTRAINT revisions_pkey PRIMARY KEY (seq);
CREATE INDEX corrections_reviewers ON public.corrections USING btree (project, verdict, reviewer);
CREATE INDEX facets_item ON public.facets USING btree (item, facet);
CREATE INDEX items_all ON public.items USING btree (project, priority DESC, id);
CREATE INDEX items_counts ON public.items USING btree (is_test, project, status);
CREATE INDEX items_document ON public.items USING btree (document, start);
CREATE INDEX items_queue ON public.items USING btree (project, status, priority DESC, id);
CREATE INDEX revisions_batch ON public.revisions USING btree (batch);
CREATE INDEX revisions_place ON public.revisions USING btree (document, start, "end", seq);
CREATE INDEX revisions_recorded ON public.revisions USING btree (recorded);
ALTER TABLE ONLY public.corrections
    ADD CONSTRAINT corrections_item_fkey FOREIGN KEY (item) REFERENCES public.items(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_project_fkey FOREIGN KEY (project) REFERENCES public.projects(id);
ALTER TABLE ONLY public.facets
    ADD CONSTRAINT facets_item_fkey FOREIGN KEY (item) REFERENCES public.items(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_document_fkey FOREIGN KEY (document) REFERENCES public.documents(id);
ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_project_fkey FOREIGN KEY (project) REFERENCES public.projects(id);
ALTER TABLE ONLY public.layers
    ADD CONSTRAINT layers_item_fkey FOREIGN KEY (item) REFERENCES public.items(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.revisions
    ADD CONSTRAINT revisions_document_fkey FOREIGN KEY (document) REFERENCES public.documents(id);
